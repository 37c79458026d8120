import type { Intention, IntentionAction, Intentions } from "./intentions.ts";
import { PatternError } from "./pattern-text.ts";
import { PermissionRule } from "./permission-rule.ts";
import type { JudgedRequest } from "./permission-rule.ts";
import type { ServiceId } from "./spiffe-id.ts";

const WILDCARD = "*";

/** What a source may do. */
export class SourceRule {
  /** Equal for rules that say the same. */
  readonly key: string;
  /** The same for all requests. undefined: it depends on the request. */
  readonly always: IntentionAction | undefined;
  readonly #permissions: readonly PermissionRule[];
  readonly #otherwise: IntentionAction;

  constructor(
    key: string,
    always: IntentionAction | undefined,
    permissions: readonly PermissionRule[] = [],
    otherwise: IntentionAction = "deny",
  ) {
    this.key = key;
    this.always = always;
    this.#permissions = permissions;
    this.#otherwise = otherwise;
  }

  /**
   * Whether it may make this request. A path that can be read in two ways must be allowed both
   * ways, because we cannot know how the application reads it.
   */
  allows(request: JudgedRequest): boolean {
    if (this.always !== undefined) return this.always === "allow";
    const { path, rawPath } = request;
    return (
      this.#allowsPath(request, path) && (rawPath === path || this.#allowsPath(request, rawPath))
    );
  }

  #allowsPath(request: JudgedRequest, path: string): boolean {
    const permission = this.#permissions.find((each) => each.fits(request, path));
    return (permission?.action ?? this.#otherwise) === "allow";
  }
}

const NOBODY = new SourceRule("deny", "deny");
const ANYBODY = new SourceRule("allow", "allow");

/**
 * Compiled intentions, which say what a source may do. What cannot be judged is denied: a source
 * without an id or from another trust domain, a permission with an invalid pattern, and everybody
 * while the intentions are not known.
 */
export class IntentionJudge {
  /** Permissions that cannot be judged, in words; their sources are denied. */
  readonly flaws: readonly string[];
  readonly #trustDomain: string | undefined;
  readonly #rules: readonly { readonly intention: Intention; readonly rule: SourceRule }[];
  readonly #otherwise: SourceRule;

  /** undefined: they are not known. */
  constructor(intentions: Intentions | undefined) {
    const flaws: string[] = [];
    this.flaws = flaws;
    this.#trustDomain = intentions?.trustDomain;
    const otherwise = intentions?.defaultAction ?? "deny";
    this.#otherwise = simpleRule(otherwise);
    this.#rules = (intentions?.list ?? []).map((intention) => {
      const rule = compileRule(intention, otherwise, (flaw) => flaws.push(flaw));
      return { intention, rule };
    });
  }

  /** What the source with this id may do. undefined: its certificate has no id. */
  ruleFor(source: ServiceId | undefined): SourceRule {
    if (source === undefined || source.trustDomain !== this.#trustDomain) return NOBODY;
    const found = this.#rules.find(({ intention }) => isAbout(intention, source));
    return found?.rule ?? this.#otherwise;
  }
}

function isAbout({ source }: Intention, id: ServiceId): boolean {
  return (
    source.partition === id.partition &&
    (source.namespace === WILDCARD || source.namespace === id.namespace) &&
    (source.name === WILDCARD || source.name === id.service)
  );
}

function compileRule(
  { source, action, permissions }: Intention,
  otherwise: IntentionAction,
  tell: (flaw: string) => void,
): SourceRule {
  if (action !== "permissions") return simpleRule(action);
  try {
    const rules = permissions.map((permission) => new PermissionRule(permission));
    return new SourceRule(JSON.stringify([permissions, otherwise]), undefined, rules, otherwise);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    tell(`source ${source.name}: ${error.message}`);
    return NOBODY;
  }
}

function simpleRule(action: IntentionAction): SourceRule {
  return action === "allow" ? ANYBODY : NOBODY;
}
