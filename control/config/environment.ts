import type { Flaw } from "./problems.ts";

/** Values of environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A document with the variables in its texts put in, and what stood in the way. */
export type Expanded = { readonly document: unknown; readonly flaws: readonly Flaw[] };

/** `$$`, `${NAME}` or `${NAME:-default}`; any other `$` stands for itself, `${` never does. */
const REFERENCE = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

/**
 * Puts environment variables into the texts of a document: `${NAME}`, or `${NAME:-default}` where
 * an unset or empty one means the default (as in a shell); `$$` is a `$`. A value stays a text: it
 * never becomes a number, a list or a key. Keys are left alone.
 */
export function expandEnvironment(document: unknown, environment: Environment): Expanded {
  const flaws: Flaw[] = [];
  const expand = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (typeof value === "string") return expandText(value, path, { environment, flaws });
    if (Array.isArray(value)) return value.map((each, index) => expand(each, [...path, index]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, expand(inner, [...path, key])]),
    );
  };
  return { document: expand(document, []), flaws };
}

function expandText(
  text: string,
  path: readonly PropertyKey[],
  known: { readonly environment: Environment; readonly flaws: Flaw[] },
): string {
  const { environment, flaws } = known;
  const wrong = (wanted: string, found: string): string => {
    flaws.push({ path, wanted, found });
    return "";
  };
  return text.replace(REFERENCE, (whole: string, name?: string, fallback?: string) => {
    if (whole === "$$") return "$";
    if (name === undefined) return wrong("${NAME} or ${NAME:-default} (write $$ for a $)", "${");
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (fallback !== undefined) return value || fallback;
    return value ?? wrong(`the environment variable ${name}, or a default`, "it is not set");
  });
}
