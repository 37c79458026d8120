/**
 * The text of an error of unknown kind: its message, or itself as text if it is not an Error.
 * Somebody else's module may throw what cannot be turned into text.
 */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return "a value that has no text";
  }
}

/** Where an error of unknown kind was thrown, for faults of our own: its stack, or its text. */
export function errorTrace(error: unknown): string {
  return (error instanceof Error ? error.stack : undefined) ?? errorText(error);
}

/** The code of an error of unknown kind, such as the system's `ENOENT`. undefined: it has none. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
