import type { z } from "zod";
import type { Problem } from "../base/errors.ts";
import { withWantedTypes } from "./lone-values.ts";
import type { Path } from "./lone-values.ts";
import { SERVICE_LIMITS, survey } from "./survey.ts";
import type { SurveyLimits } from "./survey.ts";

/**
 * Most problems to report at once: whoever made more than these sent something else than a
 * document.
 */
const PROBLEMS_MAX = 100;

/**
 * Values of a document from which on only its first flaw is looked for: in one with hundreds of
 * thousands of flaws, describing each takes seconds.
 */
const NODES_FOR_ALL_FLAWS = 1_024;

/** Longest quotation of a wrong value. */
const FOUND_MAX = 60;

/** Keys whose values are secrets, or may hold one: a token in the place of its hash. */
const SECRET_KEY = /token|password|secret|key|authorization|sha256/i;

/** What reading a document gave. */
export type ReadResult<Output> =
  | { readonly kind: "read"; readonly value: Output }
  | { readonly kind: "wrong"; readonly problems: readonly Problem[] };

/** Where in a file the value at a path stands. undefined: not known. */
export type Place = (path: Path) => { readonly line: number; readonly column: number } | undefined;

/** Where a document comes from. */
export type Origin = {
  readonly place?: Place;
  /** What stood in the file where variables have been put in: errors quote this, no value. */
  readonly written?: unknown;
  /** Texts that may become numbers or booleans: see withWantedTypes(). */
  readonly lone?: readonly Path[];
  /** Absent: those of a service. */
  readonly limits?: SurveyLimits;
};

/** Reads `document` by `schema`; when it cannot, says everything that is wrong. */
export function readBy<Schema extends z.ZodType>(
  schema: Schema,
  document: unknown,
  origin: Origin = {},
): ReadResult<z.output<Schema>> {
  const { place = () => undefined, written = document, lone = [] } = origin;
  const { nodes, problems: obstacles } = surveyed(document, origin);
  if (obstacles.length > 0) return { kind: "wrong", problems: obstacles };
  const result = schema.safeParse(document, parsing(nodes));
  if (result.success) return { kind: "read", value: result.data };
  const typed = withWantedTypes(document, lone, result.error.issues);
  if (typed !== document) return readBy(schema, typed, { ...origin, written, lone: [] });
  const problems = result.error.issues
    .slice(0, PROBLEMS_MAX)
    .flatMap((issue) => flawsOf(issue, written))
    .map((flaw) => problemAt(flaw, place));
  return { kind: "wrong", problems: withoutRepeats(problems).slice(0, PROBLEMS_MAX) };
}

/** What keeps a schema, and whatever else walks through it, from reading a document: survey(). */
export function obstaclesIn(document: unknown, origin: Origin = {}): readonly Problem[] {
  return surveyed(document, origin).problems;
}

function surveyed(
  document: unknown,
  { limits = SERVICE_LIMITS, place = () => undefined }: Origin,
): { readonly nodes: number; readonly problems: readonly Problem[] } {
  const { nodes, obstacles } = survey(document, limits);
  const problems = obstacles.map(({ path, wanted, found }) =>
    problemAt({ path, wanted, found: found ?? foundText(valueAt(document, path), path) }, place),
  );
  return { nodes, problems };
}

/** `abortEarly` is not among the documented options of zod, but its parsers all heed it. */
function parsing(nodes: number): z.core.ParseContext<z.core.$ZodIssue> {
  const abortEarly = nodes > NODES_FOR_ALL_FLAWS;
  return { error: wantedText, abortEarly } as z.core.ParseContext<z.core.$ZodIssue>;
}

/** A problem whose path is still in steps. */
export type Flaw = {
  readonly path: Path;
  readonly wanted: string;
  readonly found: string;
};

/** Turns a flaw into a problem, with its place in the file if that is known. */
export function problemAt({ path, wanted, found }: Flaw, place?: Place): Problem {
  return { path: pathText(path), wanted, found, ...place?.(path) };
}

/** Writes a path as people would: `listeners[0].bind`, `hosts["a.b"]`. "" is the whole document. */
export function pathText(path: Path): string {
  return path.map(stepText).join("").replace(/^\./, "");
}

/** What is at a path, cut short and without secrets. */
function foundText(value: unknown, path: Path): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (isSecret(path)) return "a hidden value";
  if (typeof value !== "string") return scalar(value);
  const text = value.replace(/\/\/[^/@]*@/g, "//…@");
  return JSON.stringify(text.length > FOUND_MAX ? `${text.slice(0, FOUND_MAX)}…` : text);
}

/** A list under a secret key holds secrets too: the last name in the path counts. */
function isSecret(path: Path): boolean {
  const key = path.findLast((step) => typeof step === "string");
  return key !== undefined && SECRET_KEY.test(key);
}

function scalar(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : typeof value;
}

/** The value at a path. undefined: there is none. */
function valueAt(document: unknown, path: Path): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[step];
  }
  return value;
}

function flawsOf(issue: z.core.$ZodIssue, document: unknown): Flaw[] {
  const { path, message: wanted } = issue;
  if (issue.code === "unrecognized_keys") {
    const found = "an unknown key";
    return issue.keys
      .slice(0, PROBLEMS_MAX)
      .map((key) => ({ path: [...path, key], wanted, found }));
  }
  if (issue.code === "invalid_key") {
    return [{ path, wanted, found: `the key ${foundText(path.at(-1), [])}` }];
  }
  const told: unknown = issue.code === "custom" ? issue.params?.["found"] : undefined;
  const found = typeof told === "string" ? told : foundText(valueAt(document, path), path);
  return [{ path, wanted, found }];
}

/** What was wanted where a schema has no words of its own. */
function wantedText(issue: z.core.$ZodRawIssue): string {
  if (issue.code === "invalid_type") {
    return WANTED_BY_TYPE.get(issue.expected) ?? `a ${issue.expected}`;
  }
  if (issue.code === "invalid_value") return `one of ${issue.values.map(String).join(", ")}`;
  if (issue.code === "invalid_key") return issue.issues[0]?.message ?? "another key";
  return issue.code === "invalid_union" ? `one of ${unionOptions(issue)}` : "another value";
}

/** The words that tell the options of a union apart; other unions have an error of their own. */
function unionOptions(issue: z.core.$ZodRawIssue): string {
  const options: unknown = issue.code === "invalid_union" ? issue["options"] : undefined;
  if (!Array.isArray(options)) return "other values";
  // undefined: the key may be left out, which is no word for it.
  return options.filter((option) => option !== undefined).join(", ");
}

const WANTED_BY_TYPE: ReadonlyMap<string, string> = new Map([
  ["string", "a text"],
  ["boolean", "true or false"],
  ["object", "an object"],
  ["record", "an object"],
  ["array", "a list"],
]);

/** Several checks of one value may fail with the same words. */
function withoutRepeats(problems: readonly Problem[]): Problem[] {
  const seen = new Map(problems.toReversed().map((each) => [`${each.path}\n${each.wanted}`, each]));
  return problems.filter((each) => seen.get(`${each.path}\n${each.wanted}`) === each);
}

function stepText(step: PropertyKey): string {
  if (typeof step === "number") return `[${step}]`;
  const key = String(step);
  return /^[A-Za-z0-9_-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
