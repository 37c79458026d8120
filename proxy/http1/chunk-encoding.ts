/** What a body that we send in chunks ends with (RFC 9112 section 7.1). */
export const LAST_CHUNK = "0\r\n\r\n";

/** What stands before a chunk of so many bytes, at least 1. After its data comes CRLF. */
export function chunkPrefix(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}
