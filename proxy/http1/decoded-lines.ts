import type { DecodedField, DecodedFields } from "./decoded-head.ts";
import { SENSITIVE } from "./field-lines.ts";
import type { FieldLines } from "./field-lines.ts";

/** Before a section is put together that came decoded, behind this text. */
export function beginLines(fields: FieldLines, before: string): void {
  fields.clear(before.length);
  fields.text = before;
}

/**
 * Adds a field, which has been checked, as if it had been read. false: there is no room for it.
 */
export function addLine(fields: FieldLines, field: DecodedField): boolean {
  const { name, value, kind, line } = field;
  if (fields.count === fields.max) return false;
  const start = fields.text.length;
  const nameEnd = start + name.length;
  // What `line` has between name and value: a colon and a blank.
  const known = field.isSensitive === true ? kind | SENSITIVE : kind;
  fields.add(start, nameEnd, nameEnd + 2, nameEnd + 2 + value.length, known);
  fields.text += line;
  return true;
}

/** As addLine(), for all of a list. */
export function addLines(fields: FieldLines, list: DecodedFields): boolean {
  let fits = true;
  for (let index = 0; fits && index < list.count; index += 1) {
    fits = addLine(fields, list.fields[index] as DecodedField);
  }
  return fits;
}

/** Ends the section, with its empty line. */
export function endLines(fields: FieldLines): void {
  fields.end = fields.text.length;
  fields.text += "\r\n";
}
