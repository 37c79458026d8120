/** Buffer's own fast slice, which @types/node does not list. */
type WithLatin1Slice = { latin1Slice(start: number, end: number): string };

/**
 * `bytes[start, end)` as a string of one character a byte. The native method behind
 * `toString("latin1")` without its argument checks; it runs several times a request.
 */
export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as WithLatin1Slice).latin1Slice(start, end);
}
