import { CR, equalsFolded, wholeNumber } from "./bytes.ts";
import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** How the end of a request's body is found (RFC 9112 section 6.3). */
export type RequestFraming = "none" | "length" | "chunked";

/** Like RequestFraming, but for any message: a response may end with its connection. */
export type BodyFraming = RequestFraming | "close";

const CHUNKED = Buffer.from("chunked", "latin1");

/**
 * Which rule of RFC 9112 section 6 the framing fields break. undefined: none. Everything that two
 * readers could understand in two ways is refused.
 */
export function framingRefusal(
  fields: FieldLines,
  bytes: Buffer,
  head: number,
  minorVersion: 0 | 1,
): Refusal | undefined {
  if (fields.has(Field.transferEncoding)) {
    if (fields.has(Field.contentLength)) {
      return REFUSALS["length-and-transfer-encoding"];
    }
    const isChunked = isExactlyChunked(fields, bytes, head);
    return isChunked && minorVersion === 1 ? undefined : REFUSALS["transfer-encoding-invalid"];
  }
  if (!fields.has(Field.contentLength)) {
    return undefined;
  }
  if (fields.hasTwice(Field.contentLength)) {
    return REFUSALS["length-twice"];
  }
  return contentLengthOf(fields, bytes, head) === -1 ? REFUSALS["length-invalid"] : undefined;
}

/** How a request with these fields, which framingRefusal() has let pass, ends. */
export function requestFraming(fields: FieldLines): RequestFraming {
  if (fields.has(Field.transferEncoding)) {
    return "chunked";
  }
  return fields.has(Field.contentLength) ? "length" : "none";
}

/** The Content-Length. 0: none. -1: it is not a whole number below 2^53. */
export function contentLengthOf(fields: FieldLines, bytes: Buffer, head: number): number {
  if (!fields.has(Field.contentLength)) {
    return 0;
  }
  const index = fields.indexOf(Field.contentLength);
  return wholeNumber(bytes, head + fields.valueStart(index), head + fields.valueEnd(index));
}

function isExactlyChunked(fields: FieldLines, bytes: Buffer, head: number): boolean {
  const index = fields.indexOf(Field.transferEncoding);
  const end = head + fields.valueEnd(index);
  return (
    !fields.hasTwice(Field.transferEncoding) &&
    equalsFolded(bytes, head + fields.valueStart(index), end, CHUNKED) &&
    // White space after it is legal, but with a tab llhttp takes it for another coding.
    bytes[end] === CR
  );
}
