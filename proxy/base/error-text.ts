/**
 * What an error of unknown kind says: its message, or itself as text when it is no Error. A module
 * of somebody else's may throw what cannot be made a text.
 */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return "a value that has no text";
  }
}
