import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** Base64 of other than 16 bytes, as some clients send it; at most 66 bytes. */
const ANY_KEY = /^[A-Za-z0-9+/]{1,88}={0,2}$/;
/** Base64 of 16 bytes. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
const VERSION = "13";

/** Whether the key of a handshake is one that RFC 6455 section 4.2.1 knows. */
export function isWebSocketKey(fields: FieldLines): boolean {
  return KEY.test(fields.valueOfKind(Field.webSocketKey) ?? "");
}

/**
 * Which rule of RFC 6455 section 4.2.1 a WebSocket handshake breaks. undefined: none, but maybe for
 * what isWebSocketKey() says.
 */
export function webSocketRefusal(method: string, fields: FieldLines): Refusal | undefined {
  if (fields.valueOfKind(Field.webSocketVersion) !== VERSION) {
    return REFUSALS["websocket-version"];
  }
  const key = fields.valueOfKind(Field.webSocketKey) ?? "";
  return method === "GET" && ANY_KEY.test(key) ? undefined : REFUSALS["websocket-invalid"];
}
