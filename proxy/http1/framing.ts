import { CR, commaAt, equalsFolded, wholeNumber } from "./bytes.ts";
import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";
import type { HttpVersion } from "./http-version.ts";
import { TOLERATED } from "../table/tolerance.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/**
 * How the end of a request's body is found (RFC 9112 section 6.3). told: whoever brings it says so,
 * as a stream of HTTP/2 does.
 */
export type RequestFraming = "none" | "length" | "chunked" | "told";

/** Like RequestFraming, but for any message: a response may end with its connection. */
export type BodyFraming = RequestFraming | "close";

const BLANKS = /^[ \t]+|[ \t]+$/g;
const CHUNKED = Buffer.from("chunked", "latin1");

/**
 * Like framingRefusal(), for a request. Both framings are never tolerated there: whoever reads the
 * other of the two sees another request.
 */
export function requestFramingRefusal(
  fields: FieldLines,
  bytes: Buffer,
  head: number,
  version: HttpVersion,
  contentLength: number,
): Refusal | undefined {
  const isBoth = fields.has(Field.transferEncoding) && fields.has(Field.contentLength);
  const refusal = isBoth ? REFUSALS["length-and-transfer-encoding"] : undefined;
  return refusal ?? framingRefusal(fields, bytes, head, version, contentLength);
}

/**
 * Which rule of RFC 9112 section 6 the framing fields break. undefined: none, but for what
 * framingViolations() says. Everything that two readers could understand in two ways is refused.
 * `contentLength`: of contentLengthOf().
 */
export function framingRefusal(
  fields: FieldLines,
  bytes: Buffer,
  head: number,
  version: HttpVersion,
  contentLength: number,
): Refusal | undefined {
  if (fields.has(Field.transferEncoding)) {
    const isChunked = isExactlyChunked(fields, bytes, head);
    return isChunked && version === "1.1" ? undefined : REFUSALS["transfer-encoding-invalid"];
  }
  if (contentLength !== -1) {
    return undefined;
  }
  const isTwice = fields.hasTwice(Field.contentLength);
  return isTwice ? REFUSALS["length-twice"] : REFUSALS["length-invalid"];
}

/**
 * What the framing fields, which were not refused, break and a service may tolerate, as a set of
 * TOLERATED. No such Content-Length may go on as it was sent.
 */
export function framingViolations(fields: FieldLines, bytes: Buffer, head: number): number {
  if (!fields.has(Field.contentLength)) {
    return 0;
  }
  if (fields.has(Field.transferEncoding)) {
    return TOLERATED["content-length-with-chunked"];
  }
  return isOneNumber(fields, bytes, head) ? 0 : TOLERATED["equal-content-length-twice"];
}

function isOneNumber(fields: FieldLines, bytes: Buffer, head: number): boolean {
  const index = fields.indexOf(Field.contentLength);
  const end = head + fields.valueEnd(index);
  if (fields.hasTwice(Field.contentLength)) return false;
  return commaAt(bytes, head + fields.valueStart(index), end) === end;
}

/** How a request with these fields, which framingRefusal() has let pass, ends. */
export function requestFraming(fields: FieldLines): RequestFraming {
  if (fields.has(Field.transferEncoding)) {
    return "chunked";
  }
  return fields.has(Field.contentLength) ? "length" : "none";
}

/**
 * The Content-Length. 0: none. -1: it is not a whole number below 2^53, nor several equal ones (RFC
 * 9110 section 8.6).
 */
export function contentLengthOf(fields: FieldLines, bytes: Buffer, head: number): number {
  if (!fields.has(Field.contentLength)) {
    return 0;
  }
  const index = fields.indexOf(Field.contentLength);
  const one = wholeNumber(bytes, head + fields.valueStart(index), head + fields.valueEnd(index));
  const isOne = one !== -1 && !fields.hasTwice(Field.contentLength);
  return isOne ? one : equalLength(fields.valueOfKind(Field.contentLength) ?? "");
}

/** The number that a list has again and again. -1: it is another list. */
function equalLength(list: string): number {
  const [first = "", ...others] = list.split(",").map((each) => each.replaceAll(BLANKS, ""));
  if (others.length === 0 || others.some((other) => other !== first)) return -1;
  const bytes = Buffer.from(first, "latin1");
  return wholeNumber(bytes, 0, bytes.length);
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
