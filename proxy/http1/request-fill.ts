import type { DecodedRequest } from "./decoded-head.ts";
import { addLine, addLines, beginLines, endLines } from "./decoded-lines.ts";
import type { FieldLines } from "./field-lines.ts";
import { Field } from "./field-names.ts";
import { REQUEST_HEAD_BYTES_MAX } from "./limits.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import type { RequestLine } from "./request-line.ts";

/** Where the last head that came decoded stands as if it had come in bytes, from its first on. */
export const FILLED = Buffer.allocUnsafeSlow(REQUEST_HEAD_BYTES_MAX);

/**
 * Writes a head down that came decoded: in `line`, in `fields` and in FILLED. An extended CONNECT
 * becomes the handshake that it stands for (RFC 8441 section 5), with `webSocketKey`, as it has
 * none. Returns the rule that it breaks.
 */
export function fillRequest(
  line: RequestLine,
  fields: FieldLines,
  request: DecodedRequest,
  webSocketKey: string,
): Refusal | undefined {
  const { method, path, protocol } = request;
  const verb = protocol === "websocket" ? "GET" : method;
  const first = `${verb} ${path} HTTP/1.1\r\n`;
  if (!writeFields(fields, first, request)) return REFUSALS["too-many-fields"];
  if (protocol === "websocket" && !writeHandshake(fields, webSocketKey)) {
    return REFUSALS["too-many-fields"];
  }
  endLines(fields);
  if (fields.text.length > FILLED.length) return REFUSALS["head-too-large"];
  FILLED.write(fields.text, "latin1");
  const target = verb.length + 1;
  const isLine = line.readDecoded(FILLED, first.length, target, target + path.length);
  return isLine ? undefined : line.refusal;
}

/** Host first, as RFC 9110 section 7.2 advises. false: there are too many. */
function writeFields(
  fields: FieldLines,
  first: string,
  { authority, cookie, list }: DecodedRequest,
): boolean {
  beginLines(fields, first);
  const hasHost = authority === "" || write(fields, "host", authority, Field.host);
  if (!hasHost || !addLines(fields, list)) return false;
  return cookie === "" || write(fields, "cookie", cookie, Field.cookie);
}

function writeHandshake(fields: FieldLines, key: string): boolean {
  return (
    write(fields, "connection", "upgrade", Field.connection) &&
    write(fields, "upgrade", "websocket", Field.upgrade) &&
    write(fields, "sec-websocket-key", key, Field.webSocketKey)
  );
}

function write(fields: FieldLines, name: string, value: string, kind: number): boolean {
  return addLine(fields, { name, value, kind, line: `${name}: ${value}\r\n` });
}
