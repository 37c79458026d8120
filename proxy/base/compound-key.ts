/** Several names as one key of a map. No name holds a NUL, so no two lists make the same key. */
export function compoundKey(...names: readonly string[]): string {
  return names.join("\0");
}
