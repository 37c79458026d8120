import type { RequestView } from "../table/request-view.ts";
import type { HeaderPermission, IntentionAction, IntentionPermission } from "./intentions.ts";
import { Pattern } from "./pattern.ts";

/** What permissions look at. */
export interface JudgedRequest extends Pick<RequestView, "method" | "path" | "header"> {
  /** The target's path without query, as sent. `path` is its normal form. */
  readonly rawPath: string;
}

/** Whether a text meets a condition. */
type TextTest = (text: string) => boolean;

/** A condition on a field. */
type HeaderTest = HeaderPermission & { readonly test: TextTest };

/** A compiled permission. */
export class PermissionRule {
  readonly action: IntentionAction;
  readonly #isPath: TextTest;
  readonly #methods: readonly string[];
  readonly #headers: readonly HeaderTest[];

  /** @throws PatternError */
  constructor({ action, path, methods, headers }: IntentionPermission) {
    this.action = action;
    this.#isPath = path === undefined ? () => true : textTest(path.is, path.value);
    this.#methods = methods;
    this.#headers = headers.map((header) => ({ ...header, test: headerTest(header) }));
  }

  /** Whether the permission is about this request, with its path read as `path`. */
  fits(request: JudgedRequest, path: string): boolean {
    if (this.#methods.length > 0 && !this.#methods.includes(request.method)) return false;
    if (!this.#isPath(path)) return false;
    return this.#headers.every((header) => this.#hasHeader(request, header));
  }

  /**
   * As in Envoy, a missing field meets no condition on its value, inverted or not. Only permissions
   * that deny count it as another value, so that nobody gets past them by leaving it out.
   */
  #hasHeader(request: JudgedRequest, { name, is, invert, test }: HeaderTest): boolean {
    const value = request.header(name);
    if (is === "present") return (value !== undefined) !== invert;
    if (value === undefined) return invert && this.action === "deny";
    return test(value) !== invert;
  }
}

function headerTest({ is, value, ignoreCase }: HeaderPermission): TextTest {
  if (is === "present") return () => true;
  if (!ignoreCase) return textTest(is, value);
  if (is === "regex") return patternTest(value, ignoreCase);
  const test = textTest(is, value.toLowerCase());
  return (text) => test(text.toLowerCase());
}

function textTest(is: Exclude<HeaderPermission["is"], "present">, value: string): TextTest {
  switch (is) {
    case "exact":
      return (text) => text === value;
    case "prefix":
      return (text) => text.startsWith(value);
    case "suffix":
      return (text) => text.endsWith(value);
    case "contains":
      return (text) => text.includes(value);
    case "regex":
      return patternTest(value, false);
  }
}

function patternTest(value: string, ignoresCase: boolean): TextTest {
  const pattern = new Pattern(value, ignoresCase);
  return (text) => pattern.matches(text);
}
