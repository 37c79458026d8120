import { describeRequests } from "./refused-requests.ts";
import type { RefusedRequest, TakenRequest } from "./refused-requests.ts";

/** A request that ends with these lines, refused for `reason`. */
function refused(name: string, lines: string, reason: string, status = 400): RefusedRequest {
  return { name, bytes: `GET / HTTP/1.1\r\nHost: web\r\n${lines}\r\n\r\n`, status, reason };
}

/** A request with this line, which arrives as it was sent. */
function taken(name: string, line: string): TakenRequest {
  const bytes = `GET / HTTP/1.1\r\nHost: web\r\n${line}\r\n\r\n`;
  return { name, bytes, sees: [`\r\n${line}\r\n`] };
}

/** So many short lines. */
function many(count: number): string {
  return Array.from({ length: count }, (_, index) => `X-${index}: y`).join("\r\n");
}

const NAME = "field-name-invalid";
const VALUE = "field-value-invalid";
const AMBIGUOUS = "field-name-ambiguous";

describeRequests(
  "fields (RFC 9112 5)",
  [
    refused("space before the colon (9112 5.1)", "X-A : 1", NAME),
    refused("tab before the colon", "X-A\t: 1", NAME),
    refused("line without a colon (9112 5)", "X-A", NAME),
    refused("empty name", ": 1", NAME),
    refused("name with a slash (9110 5.1)", "X/A: 1", NAME),
    refused("name with a non-ASCII byte", "X-\xe9: 1", NAME),
    refused("name with a NUL", "X-\0: 1", NAME),
    refused("name in quotes", '"X-A": 1', NAME),
    refused("NUL in a value (9110 5.5)", "X-A: a\0b", VALUE),
    refused("control byte in a value", "X-A: a\x01b", VALUE),
    refused("escape byte in a value", "X-A: \x1b[2J", VALUE),
    refused("DEL in a value", "X-A: a\x7f", VALUE),
    refused("bare CR in a value", "X-A: a\rX-B: b", "bare-carriage-return"),
    refused("two CR before the LF", "X-A: a\r", "bare-carriage-return"),
    refused("bare LF between fields", "X-A: a\nX-B: b", "bare-line-feed"),
    refused("CR LF with a bare CR as empty line", "X-A: a\r\n\rX: y", "bare-carriage-return"),
    refused("obs-fold with a space (9112 5.2)", "X-A: a\r\n b", "line-folding"),
    refused("obs-fold with a tab", "X-A: a\r\n\tb", "line-folding"),
    refused("folded Transfer-Encoding", "Transfer-Encoding:\r\n chunked", "line-folding"),
    refused("Content_Length (Envoy edge guide)", "Content_Length: 5", AMBIGUOUS),
    refused("Transfer_Encoding", "Transfer_Encoding: chunked", AMBIGUOUS),
    refused("X_Forwarded_For", "X_Forwarded_For: 127.0.0.1", AMBIGUOUS),
    refused("X-Forwarded_Proto", "X-Forwarded_Proto: https", AMBIGUOUS),
    refused("x_forwarded_client_cert", "x_forwarded_client_cert: Hash=1", AMBIGUOUS),
    refused("101 fields (RFC 6585 5)", many(100), "too-many-fields", 431),
    refused("head over 32 KiB", `X-A: ${"a".repeat(32 * 1024)}`, "head-too-large", 431),
    refused(
      "33 Connection options",
      `Connection: ${many(33)
        .replaceAll(/: y\r\n/g, ",")
        .replace(": y", "")}`,
      "connection-invalid",
    ),
  ],
  [
    ...["keep-alive Te", "Keep-Alive; timeout=5, X-B", "X-A b, X-B", '"X-A", X-B'].map((value) => ({
      name: `Connection: ${value}, which names only what is a token (9110 7.6.1)`,
      bytes: `GET / HTTP/1.1\r\nHost: web\r\nConnection: ${value}\r\nX-A: 1\r\n\r\n`,
      sees: ["X-A: 1\r\n"],
      seesNot: ["Connection:"],
    })),
    taken("tab inside a value", "X-A: a\tb"),
    taken("bytes 0x80 to 0xFF in a value (9110 5.5)", "X-A: \x80\xe9\xff"),
    taken("empty value", "X-A:"),
    taken("no blank after the colon", "X-A:1"),
    taken("99 more fields", many(99)),
    taken("__proto__ is plain data (CWE-1321)", "__proto__: x"),
    taken("constructor and toString", "constructor: x\r\nhasOwnProperty: y\r\ntoString: z"),
    taken("an underscore in another name", "X_Id: 1"),
    taken("every byte of a token", "!#$%&'*+-.^_`|~09azAZ: 1"),
    taken("the same name three times, in order", "X-A: 1\r\nx-a: 2\r\nX-A: 3"),
  ],
);
