import { TOLERATED } from "../table/tolerance.ts";
import { Field, HOP_BY_HOP, fieldSet } from "./field-names.ts";
import type { ResponseHead } from "./response-head.ts";

/** Our Via line, by the minor version of the message that we received. */
export type ViaLines = readonly [string, string];

/** The client is not told. */
export const NO_VIA: ViaLines = ["", ""];

/** `pseudonym`: our name in Via. */
export function viaLines(pseudonym: string): ViaLines {
  return [`Via: 1.0 ${pseudonym}\r\n`, `Via: 1.1 ${pseudonym}\r\n`];
}

/**
 * What we change in a response. One object for each client connection, whose fields the caller
 * sets. All texts go out as they are: the caller guarantees that they are valid.
 */
export type ResponseRewrite = {
  via: ViaLines;
  /** The IMF-fixdate now, for a response without Date (RFC 9110 section 6.6.1). */
  date: string;
  /** The Connection field that the client gets. "": none. */
  connection: "" | "close" | "keep-alive";
  /**
   * chunked: the body ended with the upstream's connection and is now sent in chunks. drop: the
   * chunk framing is removed for an HTTP/1.0 client.
   */
  framing: "as-sent" | "chunked" | "drop";
  /** Our own complete field lines, such as Set-Cookie. "": none. */
  extra: string;
};

const DROPPED = HOP_BY_HOP | fieldSet(Field.proxyAuthenticate);
const FRAMING = fieldSet(Field.transferEncoding, Field.contentLength);
const CONTENT_LENGTH = fieldSet(Field.contentLength);
const CHUNKING = fieldSet(Field.transferEncoding, Field.trailer);

/**
 * The head that goes to the client, final CRLF included, as latin1 text: status, reason and fields
 * as sent, without what ends here (RFC 9110 section 7.6.1), and with our own fields last.
 */
export function responseHeadForClient(head: ResponseHead, rewrite: ResponseRewrite): string {
  const { fields, status } = head;
  const hasNoFraming = status < 200 || status === 204;
  const dropped =
    DROPPED |
    (hasNoFraming ? FRAMING : 0) |
    (head.violations === 0 ? 0 : CONTENT_LENGTH) |
    (rewrite.framing === "as-sent" ? 0 : CHUNKING);
  return (
    keptText(head, dropped) +
    rewrite.via[head.minorVersion] +
    (fields.has(Field.date) || status < 200 ? "" : `Date: ${rewrite.date}\r\n`) +
    (hasNoFraming ? "" : equalLength(head)) +
    (rewrite.framing === "chunked" ? "Transfer-Encoding: chunked\r\n" : "") +
    rewrite.extra +
    connectionFields(head, rewrite.connection)
  );
}

/** The head of a 1xx other than 101 that goes to the client, final CRLF included. */
export function interimHeadForClient(head: ResponseHead, via: ViaLines): string {
  return `${keptText(head, DROPPED | FRAMING)}${via[head.minorVersion]}\r\n`;
}

/** Status line and fields. The version is ours, whatever the upstream's (RFC 9110 section 2.5). */
function keptText(head: ResponseHead, dropped: number): string {
  const { fields, reasonStart } = head;
  // The space before the reason must be there even when the reason is not (RFC 9112 section 4).
  if (head.minorVersion === 1 && fields.start - 2 > reasonStart) {
    return fields.textWithout(dropped, 0);
  }
  const reason = fields.text.slice(reasonStart + 1, fields.start - 2);
  return `HTTP/1.1 ${head.status} ${reason}\r\n${fields.textWithout(dropped, fields.start)}`;
}

/** One line in place of several that said the same. */
function equalLength({ violations, contentLength }: ResponseHead): string {
  const isTwice = (violations & TOLERATED["equal-content-length-twice"]) !== 0;
  return isTwice ? `Content-Length: ${contentLength}\r\n` : "";
}

/** With the empty line that ends the head. Upgrade always comes with its Connection option. */
function connectionFields(head: ResponseHead, connection: ResponseRewrite["connection"]): string {
  const { upgrade } = head;
  if (upgrade !== undefined) {
    const others = connection === "" ? "" : `${connection}, `;
    return `Connection: ${others}Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`;
  }
  switch (connection) {
    case "":
      return "\r\n";
    case "close":
      return "Connection: close\r\n\r\n";
    case "keep-alive":
      return "Connection: keep-alive\r\n\r\n";
  }
}
