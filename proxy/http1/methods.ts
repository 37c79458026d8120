import { REFUSALS } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** A method that we know, with its text as bytes. */
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
 * The methods that node:http accepts, too. TRACE and CONNECT are none of our business; PRI begins
 * HTTP/2.
 */
const NAMES =
  "ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR " +
  "MKCOL MOVE NOTIFY OPTIONS PATCH POST PRI PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT " +
  "SEARCH " +
  "SOURCE SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE";

const METHODS: readonly Method[] = NAMES.split(" ").map((name) => ({
  name,
  bytes: Buffer.from(name, "latin1"),
  isIdempotent: IDEMPOTENT.has(name),
  expectsBody: WITH_BODY.has(name),
  refusal: refusalOf(name),
}));

/** The method of a head that has none yet. */
export const NO_METHOD: Method = {
  name: "",
  bytes: new Uint8Array(),
  isIdempotent: false,
  expectsBody: false,
  refusal: REFUSALS["method-unknown"],
};

const BY_LENGTH: readonly (readonly Method[])[] = Array.from({ length: 16 }, (_, length) =>
  METHODS.filter(({ name }) => name.length === length).toSorted(commonFirst),
);

/** The method that bytes[from, to) spells, case-sensitive. undefined: we do not know it. */
export function findMethod(bytes: Uint8Array, from: number, to: number): Method | undefined {
  for (const method of BY_LENGTH[to - from] ?? []) {
    if (isSpelt(method.bytes, bytes, from)) {
      return method;
    }
  }
  return undefined;
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
