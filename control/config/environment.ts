import type { Path } from "./lone-values.ts";
import { pathText } from "./problems.ts";
import type { Flaw } from "./problems.ts";

/** Values of environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A document with the variables in its texts put in. */
export type Expanded = {
  readonly document: unknown;
  /** What stood in the way. */
  readonly flaws: readonly Flaw[];
  /** The texts that are one reference and nothing else: see withWantedTypes(). */
  readonly lone: readonly Path[];
};

/**
 * `$$`, `${NAME}` or `${NAME:-default}`, whose default holds no other reference; any other `$`
 * stands for itself, `${` never does.
 */
const REFERENCE = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:\$\$|\$(?!\{)|[^}$])*))?\}|\$\{/g;

const REFERENCE_WANTED =
  "${NAME} or ${NAME:-default} without another reference inside (write $$ for a $)";

/**
 * Puts environment variables into the texts of a document: `${NAME}`, or `${NAME:-default}` where
 * an unset or empty one means the default (as in a shell); `$$` is a `$`. A value stays a text,
 * and never becomes a list or a key.
 */
export function expandEnvironment(document: unknown, environment: Environment): Expanded {
  const flaws: Flaw[] = [];
  const lone: Path[] = [];
  const expandKey = (key: string, path: Path): void => {
    if (!key.includes("${")) return;
    flaws.push({ path, wanted: "a key without ${, as keys stand for themselves", found: "${" });
  };
  const expand = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") {
      if (isLone(value)) lone.push(path);
      return expandText(value, path, { environment, flaws });
    }
    if (Array.isArray(value)) return value.map((each, index) => expand(each, [...path, index]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        expandKey(key, [...path, key]);
        return [key, expand(inner, [...path, key])];
      }),
    );
  };
  return { document: expand(document, []), flaws, lone };
}

/** A text with something else in the place of all that is no reference; defaults go too. */
export function withReferencesAlone(text: string, instead: string): string {
  let rest = "";
  let at = 0;
  for (const match of text.matchAll(REFERENCE)) {
    const [whole, name, fallback] = match;
    if (name === undefined) continue;
    if (match.index > at) rest += instead;
    rest += fallback === undefined || fallback === "" ? whole : `\${${name}:-${instead}}`;
    at = match.index + whole.length;
  }
  return at < text.length ? rest + instead : rest;
}

/** Names of the variables that a document uses, each once. */
export function variablesIn(document: unknown): readonly string[] {
  const names = textsIn(document, []).flatMap(({ text }) =>
    [...text.matchAll(REFERENCE)].map(([, name]) => name),
  );
  return [...new Set(names.filter((name) => name !== undefined))];
}

/**
 * The references of a document that `before` does not have at the same place. Whoever may write
 * documents but not the file must not read the environment through them.
 */
export function newReferences(document: unknown, before: unknown): readonly Flaw[] {
  const known = new Map(textsIn(before, []).map(({ path, text }) => [pathText(path), text]));
  return textsIn(document, [])
    .filter(({ path, text }) => variablesIn(text).length > 0 && known.get(pathText(path)) !== text)
    .map(({ path, text }) => ({
      path,
      wanted: "a reference that stands here already; only the file can bring in others (reload)",
      found: JSON.stringify(text),
    }));
}

function textsIn(value: unknown, path: Path): readonly { path: Path; text: string }[] {
  if (typeof value === "string") return value.includes("${") ? [{ path, text: value }] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    textsIn(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

/** Whether a text is one reference from its first to its last character. */
function isLone(text: string): boolean {
  const [first, second] = text.matchAll(REFERENCE);
  return first?.[0] === text && first[1] !== undefined && second === undefined;
}

function expandText(
  text: string,
  path: Path,
  known: { readonly environment: Environment; readonly flaws: Flaw[] },
): string {
  const { environment, flaws } = known;
  const wrong = (wanted: string, found: string): string => {
    flaws.push({ path, wanted, found });
    return "";
  };
  return text.replace(REFERENCE, (whole: string, name?: string, fallback?: string) => {
    if (whole === "$$") return "$";
    if (name === undefined) return wrong(REFERENCE_WANTED, "${");
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (fallback !== undefined) return value || fallback.replaceAll("$$", () => "$");
    return value ?? wrong(`the environment variable ${name}, or a default`, "it is not set");
  });
}
