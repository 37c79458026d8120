import type { FieldLines } from "./field-lines.ts";

/** Whether a Set-Cookie line sets, renews or removes a cookie of this name (RFC 6265 5.2). */
export function setsCookie(fields: FieldLines, name: string): boolean {
  for (let index = 0; index < fields.count; index += 1) {
    if (fields.isNamed(index, "set-cookie") && begins(fields, index, name)) return true;
  }
  return false;
}

/** Whether the value of field `index` begins with `name`, maybe blanks, and `=`. */
function begins(fields: FieldLines, index: number, name: string): boolean {
  const { text } = fields;
  const start = fields.valueStart(index);
  if (!text.startsWith(name, start)) return false;
  let at = start + name.length;
  while (text[at] === " " || text[at] === "\t") at += 1;
  return text[at] === "=";
}
