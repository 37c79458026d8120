/** What an error of unknown kind says: its message, or itself as text when it is no Error. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
