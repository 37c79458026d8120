import type { ShadowSample } from "../metrics/shadow-counts.ts";
import type { MirrorComparison } from "../table/mirror.ts";
import type { AnswerTap } from "./answer-tap.ts";

/** What differs between any two answers, or is compared by itself. */
const ALWAYS_IGNORED: ReadonlySet<string> = new Set([
  "age",
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "set-cookie",
  "trailer",
  "transfer-encoding",
  "via",
  "x-request-id",
]);

/** Most names of fields that one example has. */
const NAMES_MAX = 16;

/** Longest path, and name of a field, that an example shows. */
const TEXT_MAX = 200;

/** The request that both are answers to. */
export type ComparedRequest = {
  readonly method: string;
  readonly path: string;
  readonly atMs: number;
};

/** In what the answers differ. undefined: in nothing that is compared. */
export function answerDifference(
  request: ComparedRequest,
  { status, headers, body, ignored }: MirrorComparison,
  own: AnswerTap,
  copy: AnswerTap,
): ShadowSample | undefined {
  const names = headers ? differingFields(own, copy, ignored) : [];
  const found = {
    ...(status && own.status !== copy.status && { status: [own.status, copy.status] as const }),
    ...(names.length > 0 && { headers: names }),
    ...(body && bodiesDiffer(own, copy) && { body: [own.bytes, copy.bytes] as const }),
  };
  if (Object.keys(found).length === 0) return undefined;
  const { atMs, method, path } = request;
  return { atMs, method: method.slice(0, TEXT_MAX), path: path.slice(0, TEXT_MAX), ...found };
}

function differingFields(own: AnswerTap, copy: AnswerTap, ignored: readonly string[]): string[] {
  const names = new Set([...own.fields.keys(), ...copy.fields.keys()]);
  return [...names]
    .filter((name) => !ALWAYS_IGNORED.has(name) && !ignored.includes(name))
    .filter((name) => own.fields.get(name) !== copy.fields.get(name))
    .map((name) => name.slice(0, TEXT_MAX))
    .toSorted()
    .slice(0, NAMES_MAX);
}

/** Of what is too long only the length is known. */
function bodiesDiffer(own: AnswerTap, copy: AnswerTap): boolean {
  if (own.bytes !== copy.bytes) return true;
  return own.isComparable && copy.isComparable && own.body !== copy.body;
}
