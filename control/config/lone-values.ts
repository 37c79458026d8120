import type { z } from "zod";

/** A step-by-step way to a value in a document. */
export type Path = readonly PropertyKey[];

/**
 * The document with numbers and booleans in the place of texts, wherever a schema wanted one and
 * the text came from a variable alone (`lone`): a variable has no type, its key has. The same
 * document when there is none.
 */
export function withWantedTypes(
  document: unknown,
  lone: readonly Path[],
  issues: readonly z.core.$ZodIssue[],
): unknown {
  const texts = new Set(lone.map((path) => keyOf(path)));
  return typesWanted(issues, [])
    .filter(({ path }) => texts.has(keyOf(path)))
    .reduce((whole, { path, type }) => edited(whole, path, type), document);
}

type WantedType = { readonly path: Path; readonly type: "number" | "boolean" };

/** Where something else than a number or boolean was found; the options of unions count too. */
function typesWanted(issues: readonly z.core.$ZodIssue[], before: Path): readonly WantedType[] {
  return issues.flatMap((issue) => {
    const path = [...before, ...issue.path];
    if (issue.code === "invalid_union")
      return issue.errors.flatMap((each) => typesWanted(each, path));
    if (issue.code !== "invalid_type") return [];
    const { expected } = issue;
    if (expected === "boolean") return [{ path, type: "boolean" as const }];
    return expected === "number" || expected === "int" ? [{ path, type: "number" as const }] : [];
  });
}

/** A copy of the document with the text at a path read as `type`, if it can be. */
function edited(value: unknown, [step, ...rest]: Path, type: WantedType["type"]): unknown {
  if (step === undefined) return typeof value === "string" ? asType(value, type) : value;
  if (Array.isArray(value))
    return value.map((each, index) => (index === step ? edited(each, rest, type) : each));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === step ? edited(each, rest, type) : each,
    ]),
  );
}

function asType(text: string, type: WantedType["type"]): unknown {
  if (type === "boolean") return text === "true" || text === "false" ? text === "true" : text;
  return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

function keyOf(path: Path): string {
  return JSON.stringify(path.map(String));
}
