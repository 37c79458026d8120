import { FieldLines } from "../../../proxy/http1/field-lines.ts";
import { FieldReader } from "../../../proxy/http1/field-reader.ts";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";

/** A section that has been read, with the bytes that it was read from. */
export type ReadFields = { readonly fields: FieldLines; readonly bytes: Buffer };

/** Reads these lines, given without their CRLF, as the field lines of a head that begins at 0. */
export function fieldsOf(...lines: readonly string[]): ReadFields {
  const bytes = Buffer.from(`${lines.map((line) => `${line}\r\n`).join("")}\r\n`, "latin1");
  const fields = new FieldLines();
  const reader = new FieldReader(fields);
  reader.begin(0);
  const length = reader.read(bytes, 0, bytes.length);
  if (length !== bytes.length) throw new Error(`Refused: ${reader.refusal?.reason ?? length}`);
  fields.keepText(bytes, 0, length);
  return { fields, bytes };
}

/** Reads these lines, given without their CRLF, as the head of a response. */
export function responseHeadOf(...lines: readonly string[]): ResponseHead {
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const head = new ResponseHead();
  head.reset();
  const length = head.parse(bytes, 0, bytes.length);
  if (length !== bytes.length) throw new Error(`Refused: ${head.refusal?.reason ?? length}`);
  return head;
}
