/** A line of what a change changed. */
export type DiffLine = {
  /** Where in the document, such as `versions.v2.weight`. */
  readonly path: string;
  /** As JSON. undefined: there was none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
};

/** Most lines that are shown: a new service has hundreds, and nobody reads them here. */
export const DIFF_LINES_MAX = 40;

/** What differs, value by value: documents of the audit log hold only that. */
export function diffLines(before: unknown, after: unknown): readonly DiffLine[] {
  const [old, fresh] = [valuesOf(before), valuesOf(after)];
  const paths = [...new Set([...old.keys(), ...fresh.keys()])].toSorted();
  return paths.flatMap((path) => {
    const line = { path, before: old.get(path), after: fresh.get(path) };
    return line.before === line.after ? [] : [line];
  });
}

/** Every value that holds no others, by its path. */
function valuesOf(document: unknown, path = ""): Map<string, string> {
  if (document === undefined) return new Map();
  const isBranch = typeof document === "object" && document !== null && !Array.isArray(document);
  const keys = isBranch ? Object.entries(document) : [];
  if (keys.length === 0) return new Map([[path, JSON.stringify(document)]]);
  return new Map(
    keys.flatMap(([key, value]) => [...valuesOf(value, path === "" ? key : `${path}.${key}`)]),
  );
}
