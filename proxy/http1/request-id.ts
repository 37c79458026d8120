import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";
import { REQUEST_ID_BYTES_MAX } from "./limits.ts";

/** Visible ASCII only, because it goes into logs and further requests. */
const REQUEST_ID = new RegExp(`^[!-~]{1,${REQUEST_ID_BYTES_MAX}}$`);

/** The X-Request-Id among these fields. undefined: none, several, or not fit for logs. */
export function requestIdOf(fields: FieldLines): string | undefined {
  if (!fields.has(Field.xRequestId) || fields.hasTwice(Field.xRequestId)) {
    return undefined;
  }
  const value = fields.value(fields.indexOf(Field.xRequestId));
  return REQUEST_ID.test(value) ? value : undefined;
}
