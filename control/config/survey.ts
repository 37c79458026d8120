import type { Path } from "./lone-values.ts";

/** Levels of a document: the deepest that the schemas know is 7. */
const DEPTH_MAX = 16;

/** Flaws to report at once: whoever made more sent something else than a document. */
const FLAWS_MAX = 100;

/** How large a document may be before anybody looks at what it says. */
export type SurveyLimits = {
  /** Values in all: lists, objects and what is in them. */
  readonly nodes: number;
  /** Keys of one object. */
  readonly keys: number;
};

/** A service: 4096 endpoints or routes, written out at length, fit many times. */
export const SERVICE_LIMITS: SurveyLimits = { nodes: 131_072, keys: 4096 };

/** A file of 8 MiB with as many services as a table may have. */
export const FILE_LIMITS: SurveyLimits = { nodes: 1_048_576, keys: 16_384 };

/** What a schema must not even see, and why. `value`: undefined, or what stands there. */
export type Obstacle = { readonly path: Path; readonly wanted: string; readonly found?: string };

/** What a look at a document's mere structure gave. */
export type Survey = {
  readonly nodes: number;
  /** Empty: a schema may read it. */
  readonly obstacles: readonly Obstacle[];
};

/**
 * Looks at a document's structure in one pass, before a schema does: its size, which the work of
 * refusing it depends on, nesting that would exhaust the stack, and the key `__proto__`, which zod
 * silently leaves out of a record.
 */
export function survey(document: unknown, limits: SurveyLimits): Survey {
  const path: PropertyKey[] = [];
  const obstacles: Obstacle[] = [];
  let nodes = 0;
  const note = (obstacle: Omit<Obstacle, "path">): void => {
    if (obstacles.length < FLAWS_MAX) obstacles.push({ path: [...path], ...obstacle });
  };
  const within = (step: PropertyKey, value: unknown): void => {
    path.push(step);
    if (step === "__proto__")
      note({ wanted: "another key", found: "a key reserved by JavaScript" });
    else visit(value);
    path.pop();
  };
  const visit = (value: unknown): void => {
    nodes += 1;
    if (typeof value !== "object" || value === null || nodes > limits.nodes) return;
    if (path.length >= DEPTH_MAX) return note({ wanted: `at most ${DEPTH_MAX} levels` });
    if (Array.isArray(value)) return value.forEach((each, index) => within(index, each));
    const keys = Object.keys(value);
    if (keys.length > limits.keys) {
      return note({ wanted: `at most ${limits.keys} keys`, found: `${keys.length}` });
    }
    for (const key of keys) within(key, (value as Readonly<Record<string, unknown>>)[key]);
    return undefined;
  };
  visit(document);
  if (nodes <= limits.nodes) return { nodes, obstacles };
  const wanted = `at most ${limits.nodes} values in all`;
  return { nodes, obstacles: [{ path: [], wanted, found: "more" }] };
}
