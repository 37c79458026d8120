/**
 * An object with these keys and no others: names such as `constructor` and `toString` that nobody
 * has given are not in it, as they are in every other object.
 */
export function recordOf<Value>(
  entries: Iterable<readonly [string, Value]>,
): Record<string, Value> {
  const record = Object.create(null) as Record<string, Value>;
  return Object.assign(record, Object.fromEntries(entries));
}

/** Whether a value is an object with keys, and no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
