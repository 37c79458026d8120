import { TOLERATED } from "../table/tolerance.ts";
import { Field, HOP_BY_HOP, fieldSet } from "./field-names.ts";
import type { HttpVersion } from "./http-version.ts";
import type { ResponseHead } from "./response-head.ts";

/** Our Via line, by the version of the message that we received. */
export type ViaLines = Readonly<Record<HttpVersion, string>>;

/** The client is not told. */
export const NO_VIA: ViaLines = { "1.0": "", "1.1": "", "2.0": "" };

/** `pseudonym`: our name in Via. */
export function viaLines(pseudonym: string): ViaLines {
  const line = (version: HttpVersion): string => `Via: ${version} ${pseudonym}\r\n`;
  return { "1.0": line("1.0"), "1.1": line("1.1"), "2.0": line("2.0") };
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
   * chunked: the body has no end that a client of HTTP/1.1 would see, and is now sent in chunks.
   * drop: the chunk framing is removed for a client that does not know chunks. empty: there is
   * nothing, and HTTP/1.1 has to be told.
   */
  framing: "as-sent" | "chunked" | "drop" | "empty";
  /** Our own complete field lines, such as Set-Cookie. "": none. */
  extra: string;
};

const DROPPED = HOP_BY_HOP | fieldSet(Field.proxyAuthenticate);
const FRAMING = fieldSet(Field.transferEncoding, Field.contentLength);
/** The kinds of fields of an interim response that do not go to the client. */
export const DROPPED_FROM_INTERIM = DROPPED | FRAMING;
const CONTENT_LENGTH = fieldSet(Field.contentLength);
const CHUNKING = fieldSet(Field.transferEncoding, Field.trailer);
/** What HTTP/1.1 is told of a framing that is ours. */
const FRAMING_LINES: Readonly<Record<ResponseRewrite["framing"], string>> = {
  "as-sent": "",
  chunked: "Transfer-Encoding: chunked\r\n",
  drop: "",
  empty: "Content-Length: 0\r\n",
};

/**
 * The head that goes to the client, final CRLF included, as latin1 text: status, reason and fields
 * as sent, without what ends here (RFC 9110 section 7.6.1), and with our own fields last.
 */
export function responseHeadForClient(head: ResponseHead, rewrite: ResponseRewrite): string {
  return (
    keptText(head, droppedFromResponse(head, rewrite)) +
    addedToResponse(head, rewrite) +
    (rewrite.framing === "as-sent" ? "" : FRAMING_LINES[rewrite.framing]) +
    connectionFields(head, rewrite.connection)
  );
}

/** The kinds of fields that do not go to the client, as a fieldSet. */
export function droppedFromResponse(head: ResponseHead, { framing }: ResponseRewrite): number {
  return (
    DROPPED |
    (hasNoFraming(head) ? FRAMING : 0) |
    (head.violations === 0 ? 0 : CONTENT_LENGTH) |
    (framing === "as-sent" ? 0 : CHUNKING)
  );
}

/** Our own field lines, but for those about one connection. */
export function addedToResponse(head: ResponseHead, rewrite: ResponseRewrite): string {
  const isDated = head.fields.has(Field.date) || head.status < 200;
  return (
    (rewrite.via === NO_VIA ? "" : rewrite.via[head.version]) +
    (isDated ? "" : `Date: ${rewrite.date}\r\n`) +
    (hasNoFraming(head) ? "" : equalLength(head)) +
    rewrite.extra
  );
}

/** RFC 9110 section 8.6, RFC 9112 section 6.1. */
function hasNoFraming({ status }: ResponseHead): boolean {
  return status < 200 || status === 204;
}

/** The head of a 1xx other than 101 that goes to the client, final CRLF included. */
export function interimHeadForClient(head: ResponseHead, via: ViaLines): string {
  return `${keptText(head, DROPPED_FROM_INTERIM)}${via[head.version]}\r\n`;
}

/** Status line and fields. The version is ours, whatever the upstream's (RFC 9110 section 2.5). */
function keptText(head: ResponseHead, dropped: number): string {
  const { fields, reasonStart } = head;
  // The space before the reason must be there even when the reason is not (RFC 9112 section 4).
  if (head.version !== "1.0" && fields.start - 2 > reasonStart) {
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
