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
