import { latin1 } from "../base/latin1.ts";
import { REFUSALS } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** A method, with its text as bytes. */
export type Method = {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Sending it twice has the effect of sending it once (RFC 9110 section 9.2.2). */
  readonly isIdempotent: boolean;
  /** A request without a body says so with `Content-Length: 0` (RFC 9110 section 8.6). */
  readonly expectsBody: boolean;
  /** Why we refuse it. undefined: we accept it. */
  readonly refusal: Refusal | undefined;
};

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);
/**
 * The methods that we know, which node:http accepts, too. TRACE and CONNECT are none of our
 * business; PRI begins HTTP/2.
 */
const NAMES =
  "ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR " +
  "MKCOL MOVE NOTIFY OPTIONS PATCH POST PRI PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT " +
  "SEARCH " +
  "SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE";

const METHODS = NAMES.split(" ").map((name) => methodOf(name, refusalOf(name)));
const KNOWN = new Set(NAMES.split(" "));

/** The method of a head that has none yet. */
export const NO_METHOD = methodOf("", REFUSALS["method-unknown"]);

const BY_LENGTH: readonly (readonly Method[])[] = Array.from({ length: 16 }, (_, length) =>
  METHODS.filter(({ name }) => name.length === length).toSorted(commonFirst),
);

/**
 * The method that the token bytes[from, to) spells, case-sensitive. One that we do not know is
 * nothing special (RFC 9110 section 9.1), unless only its case tells it from one that we know: an
 * endpoint that reads `head` as HEAD sends no body where we wait for one.
 */
export function findMethod(bytes: Buffer, from: number, to: number): Method {
  for (const method of BY_LENGTH[to - from] ?? []) {
    if (isSpelt(method.bytes, bytes, from)) {
      return method;
    }
  }
  const name = latin1(bytes, from, to);
  return methodOf(name, KNOWN.has(name.toUpperCase()) ? REFUSALS["method-unknown"] : undefined);
}

function methodOf(name: string, refusal: Refusal | undefined): Method {
  const bytes = Buffer.from(name, "latin1");
  const isIdempotent = IDEMPOTENT.has(name);
  return { name, bytes, isIdempotent, expectsBody: WITH_BODY.has(name), refusal };
}

function isSpelt(method: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let index = 0; index < method.length; index += 1) {
    if (bytes[from + index] !== method[index]) {
      return false;
    }
  }
  return true;
}

function refusalOf(name: string): Refusal | undefined {
  switch (name) {
    case "CONNECT":
    case "TRACE":
      return REFUSALS["method-refused"];
    case "PRI":
      return REFUSALS["version-unsupported"];
    default:
      return undefined;
  }
}

function commonFirst(one: Method, other: Method): number {
  return rank(one) - rank(other);
}

function rank({ name }: Method): number {
  return IDEMPOTENT.has(name) || WITH_BODY.has(name) ? 0 : 1;
}
