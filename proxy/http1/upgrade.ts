import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";
import { listHas } from "./list.ts";

/**
 * The Upgrade field of a request (RFC 9110 section 7.8). undefined: there is none, or it asks for
 * HTTP/2, which would be a way around us.
 */
export function upgradeOf(fields: FieldLines): string | undefined {
  const value = fields.valueOfKind(Field.upgrade) ?? "";
  return value === "" || listHas(value, "h2c") ? undefined : value;
}
