import { FIELD_VALUE, TOKEN } from "../http1/bytes.ts";
import {
  AMBIGUOUS,
  FORWARDED,
  Field,
  HOP_BY_HOP,
  fieldKind,
  fieldSet,
} from "../http1/field-names.ts";

/** A filter tried what it must not do; nothing was changed. */
export class FilterMisuseError extends TypeError {
  readonly code = "filter_misuse";
}

/**
 * Fields that Sluice itself writes or relies on: where a message ends, whom it is for, what its
 * connection does, who sent it, and whether it goes in a circle.
 */
const PROTECTED =
  HOP_BY_HOP |
  FORWARDED |
  fieldSet(
    Field.host,
    Field.trailer,
    Field.transferEncoding,
    Field.contentLength,
    Field.expect,
    Field.maxForwards,
    Field.via,
    Field.cdnLoop,
    Field.proxyAuthorization,
    Field.proxyAuthenticate,
    Field.webSocketKey,
    Field.webSocketVersion,
  );

/** Like the fields above, but without a Field kind of its own. */
const WEBSOCKET_ACCEPT = "sec-websocket-accept";

/**
 * @throws FilterMisuseError unless `name` is a token (RFC 9110 section 5.6.2) filters may write.
 */
export function checkFieldName(name: string): void {
  if (typeof name !== "string" || name === "" || !consistsOf(name, TOKEN)) {
    throw new FilterMisuseError(
      `Cannot write header: wanted a token as name, found ${shown(name)}`,
    );
  }
  const bytes = Buffer.from(name, "latin1");
  const kind = fieldKind(bytes, 0, bytes.length);
  const isProtected = kind === AMBIGUOUS || (PROTECTED & (1 << kind)) !== 0;
  if (!isProtected && name.toLowerCase() !== WEBSOCKET_ACCEPT) return;
  throw new FilterMisuseError(`Cannot write header ${name}: Sluice itself writes or relies on it`);
}

/**
 * @throws FilterMisuseError unless `value` is a field value (RFC 9110 section 5.5) of one byte a
 *   character: a character above U+00FF would become another byte on the wire, perhaps a line end.
 */
export function checkFieldValue(name: string, value: string): void {
  if (typeof value === "string" && consistsOf(value, FIELD_VALUE)) return;
  const wanted = "a text without controls, one byte a character";
  throw new FilterMisuseError(`Cannot write header ${name}: wanted ${wanted}, found another value`);
}

function consistsOf(text: string, bytes: Uint8Array): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (bytes[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}

function shown(name: unknown): string {
  return typeof name === "string" ? JSON.stringify(name.slice(0, 40)) : `a ${typeof name}`;
}
