import { Field, FORWARDED } from "./field-names.ts";
import type { RequestHead } from "./request-head.ts";

/** Where a request comes from. All texts go out as they are. */
export type RequestSource = {
  /** The client's IP address as text. "": it has none, and nothing is said of it. */
  clientAddress: string;
  /**
   * The peer's forwarded fields are believed: For gets one more address, the others are kept.
   * Otherwise all of them are dropped and replaced by what we know.
   */
  trusted: boolean;
  proto: "http" | "https";
  /** Our name in CDN-Loop, which does not change. */
  readonly pseudonym: string;
  /** It also goes into Via. */
  namedInVia: boolean;
};

/** Longest authority that is kept after its request: a DNS name with a port (RFC 1035 2.3.4). */
const AUTHORITY_KEPT_MAX = 255 + 6;

const HTTP = "X-Forwarded-Proto: http\r\n";
const HTTPS = "X-Forwarded-Proto: https\r\n";

/**
 * The fields that say where a request comes from, and that it has been here. They are the same for
 * most of the requests that an exchange serves in turn, so the last text is kept in one piece
 * instead of being assembled again from a dozen parts.
 */
export class ForwardedFields {
  #clientAddress = "";
  #proto = "";
  #authority = "";
  #version = "";
  #namedInVia = false;
  #text = "";

  /** The field lines for this request. */
  textFor(head: RequestHead, source: RequestSource): string {
    if (source.trusted && (head.fields.seen & FORWARDED) !== 0) return fieldsFor(head, source);
    const { authority, version } = head;
    const isLast =
      this.#clientAddress === source.clientAddress &&
      this.#proto === source.proto &&
      this.#authority === authority &&
      this.#version === version &&
      this.#namedInVia === source.namedInVia;
    if (isLast) return this.#text;
    if (authority.length > AUTHORITY_KEPT_MAX) return fieldsFor(head, source);
    this.#clientAddress = source.clientAddress;
    this.#proto = source.proto;
    this.#authority = copied(authority);
    this.#version = version;
    this.#namedInVia = source.namedInVia;
    // It would remain a chain of its parts that every write has to walk.
    this.#text = copied(fieldsFor(head, source));
    return this.#text;
  }
}

/** A string of its own. A piece of a head's text would keep all of that, credentials included. */
function copied(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

function fieldsFor(head: RequestHead, source: RequestSource): string {
  const { fields } = head;
  const { trusted, clientAddress, proto, pseudonym } = source;
  const before = trusted ? fields.valueOfKind(Field.xForwardedFor) : undefined;
  let added = forLine(before, clientAddress);
  if (!trusted || !fields.has(Field.xForwardedProto)) added += proto === "https" ? HTTPS : HTTP;
  if ((!trusted || !fields.has(Field.xForwardedHost)) && head.authority !== "") {
    added += `X-Forwarded-Host: ${head.authority}\r\n`;
  }
  if (source.namedInVia) added += `Via: ${head.version} ${pseudonym}\r\n`;
  return `${added}CDN-Loop: ${pseudonym}\r\n`;
}

/** Some take only IP addresses, so who has none is left out (RFC 7239 would say unknown). */
function forLine(before: string | undefined, address: string): string {
  if (before) return `X-Forwarded-For: ${before}${address === "" ? "" : `, ${address}`}\r\n`;
  return address === "" ? "" : `X-Forwarded-For: ${address}\r\n`;
}
