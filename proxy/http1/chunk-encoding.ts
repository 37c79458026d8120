/**
 * The end of a body that we send in chunks (RFC 9112 section 7.1). `trailers`: field lines, "" for
 * none.
 */
export function lastChunk(trailers: string): string {
  return `0\r\n${trailers}\r\n`;
}

/** What precedes a chunk of this many bytes, at least 1. CRLF follows its data. */
export function chunkPrefix(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}
