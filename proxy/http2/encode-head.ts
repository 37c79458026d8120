import type { FieldLines } from "../http1/field-lines.ts";
import { Field, HOP_BY_HOP, fieldSet } from "../http1/field-names.ts";
import { isPseudo } from "./field-checks.ts";
import type { HeaderField } from "./header-field.ts";
import type { HeaderList } from "./header-list.ts";
import { encodeField, encodeFieldShort, isCredential } from "./hpack-encoder.ts";
import { LineBlocks } from "./line-blocks.ts";

/**
 * What never goes into a header block as a field: it is about a connection of HTTP/1.1, it is TE,
 * which tells only the next hop, or Host, which `:authority` is in the place of.
 */
const NEVER = HOP_BY_HOP | fieldSet(Field.transferEncoding, Field.host);
/** Of all connections of this process. */
const LINES = new LineBlocks();

const GET = encodeField(":method", "GET", false);
const POST = encodeField(":method", "POST", false);
const HTTP = encodeField(":scheme", "http", false);
const HTTPS = encodeField(":scheme", "https", false);
const ROOT = encodeField(":path", "/", false);
const OK = encodeField(":status", "200", false);

/**
 * The pseudo-fields of a request (RFC 9113 section 8.3.1) as a header block, which fields follow.
 * `protocol`: of an extended CONNECT (RFC 8441 section 4), "": none. All texts are latin1 and go
 * out as they are: the caller guarantees that they are valid.
 */
export function requestBlock(
  method: string,
  scheme: "http" | "https",
  authority: string,
  path: string,
  protocol = "",
): string {
  return (
    methodBlock(method) +
    (scheme === "https" ? HTTPS : HTTP) +
    encodeField(":authority", authority, false) +
    (path === "/" ? ROOT : encodeField(":path", path, false)) +
    (protocol === "" ? "" : encodeField(":protocol", protocol, false))
  );
}

/** `:status` as a header block, which fields follow. `status`: 100 to 599. */
export function statusBlock(status: number): string {
  return status === 200 ? OK : encodeField(":status", String(status), false);
}

/** One field. `name` in lower case. */
export function fieldBlock(name: string, value: string): string {
  return encodeField(name, value, isCredential(name));
}

/**
 * The field lines of a head without these kinds (a fieldSet), and without what HTTP/2 has no place
 * for. Needs keepText().
 */
export function fieldLinesBlock(fields: FieldLines, dropped: number): string {
  const never = NEVER | dropped;
  let block = "";
  for (let index = 0; index < fields.count; index += 1) {
    if (((never >>> fields.kind(index)) & 1) !== 0) continue;
    block += fields.isSensitive(index)
      ? encodeField(fields.name(index).toLowerCase(), fields.value(index), true)
      : LINES.get(fields.text.slice(fields.lineStart(index), fields.valueEnd(index)));
  }
  return block;
}

/** Complete field lines, each with its CRLF, without those that HTTP/2 has no place for. */
export function linesBlock(lines: string): string {
  let block = "";
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf("\r\n", at);
    block += LINES.get(lines.slice(at, end));
    at = end + 2;
  }
  return block;
}

/**
 * The fields of a decoded list without these kinds (a fieldSet), without pseudo-fields and without
 * what HTTP/2 has no place for. Each field keeps its form, for when it comes again.
 */
export function listBlock(list: HeaderList, dropped: number): string {
  const never = NEVER | dropped;
  let block = "";
  for (let index = 0; index < list.count; index += 1) {
    const field = list.at(index);
    const { kind } = field;
    if (!isPseudo(kind) && (kind < 0 || ((never >>> kind) & 1) === 0)) block += formOf(field);
  }
  return block;
}

function formOf(field: HeaderField): string {
  field.uses += 1;
  // Only what comes again is worth the time.
  if (field.uses <= 2) {
    const encode = field.uses === 1 ? encodeField : encodeFieldShort;
    field.block = encode(field.name, field.value, field.isSensitive || isCredential(field.name));
  }
  return field.block;
}

function methodBlock(method: string): string {
  switch (method) {
    case "GET":
      return GET;
    case "POST":
      return POST;
    default:
      return encodeField(":method", method, false);
  }
}
