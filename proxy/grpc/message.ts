/** What `grpc-message` has as it is: visible ASCII and blanks, but for the percent sign. */
const PLAIN = /^[ -$&-~]*$/;

/** Larger ones are cut: the field is for people, and heads have bounds. */
const MESSAGE_BYTES_MAX = 1024;

/** The value of `grpc-message` for a text: percent-encoded (gRPC over HTTP/2, Status-Message). */
export function grpcMessage(text: string): string {
  const bytes = Buffer.from(text).subarray(0, MESSAGE_BYTES_MAX);
  if (bytes.length === text.length && PLAIN.test(text)) return text;
  return Array.from(bytes, encoded).join("");
}

function encoded(byte: number): string {
  const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
  if (isPlain) return String.fromCharCode(byte);
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
