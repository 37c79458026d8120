import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** Base64 of 16 bytes. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
const VERSION = "13";

/** Which rule of RFC 6455 section 4.2.1 a WebSocket handshake breaks. undefined: none. */
export function webSocketRefusal(method: string, fields: FieldLines): Refusal | undefined {
  if (fields.valueOfKind(Field.webSocketVersion) !== VERSION) {
    return REFUSALS["websocket-version"];
  }
  const key = fields.valueOfKind(Field.webSocketKey) ?? "";
  return method === "GET" && KEY.test(key) ? undefined : REFUSALS["websocket-invalid"];
}
