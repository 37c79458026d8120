import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { DataPlane } from "./data-plane.ts";
import { describeRequests } from "./refused-requests.ts";
import type { RefusedRequest } from "./refused-requests.ts";

/** A POST with these framing lines, refused for `reason`. */
function refused(name: string, lines: string, reason: string, minor = 1): RefusedRequest {
  const bytes = `POST / HTTP/1.${minor}\r\nHost: web\r\n${lines}\r\n\r\n0\r\n\r\n`;
  return { name, bytes, status: 400, reason };
}

const BOTH = "length-and-transfer-encoding";
const LENGTH = "length-invalid";
const CODING = "transfer-encoding-invalid";

const LENGTHS: readonly (readonly [string, string])[] = [
  ["with a plus", "+5"],
  ["negative", "-1"],
  ["hexadecimal", "0x5"],
  ["two numbers", "5 6"],
  ["with an underscore", "1_0"],
  ["empty", ""],
  ["with a decimal point", "5.0"],
  ["with an exponent", "1e1"],
  ["in superscript digits", "\xb2"],
  ["in fullwidth digits of UTF-8", "\xef\xbc\x95"],
  ["over 2^53-1", "9007199254740992"],
  ["that wraps round 2^64", "18446744073709551621"],
  ["with leading zeros", "005"],
  ["a list of different values (9112 6.3)", "5, 6"],
  ["with a comma behind", "5,"],
];

const CODINGS: readonly (readonly [string, string])[] = [
  ["identity", "identity"],
  ["xchunked", "xchunked"],
  ["chunkedx", "chunkedx"],
  ["gzip, chunked", "gzip, chunked"],
  ["chunked, chunked", "chunked, chunked"],
  ["chunked, identity", "chunked, identity"],
  ["a comma before", ", chunked"],
  ["a comma behind", "chunked,"],
  ["a parameter", "chunked;q=1"],
  ["empty", ""],
  ["in quotes", '"chunked"'],
  ["cow", "cow"],
  ["a blank behind, which servers read in two ways", "chunked "],
  ["with U+017F for s", "chunked\xc5\xbf"],
];

describeRequests(
  "request framing (RFC 9112 6)",
  [
    refused(
      "CL.TE: both framings (9112 6.1)",
      "Content-Length: 5\r\nTransfer-Encoding: chunked",
      BOTH,
    ),
    refused("TE.CL: both framings", "Transfer-Encoding: chunked\r\nContent-Length: 5", BOTH),
    refused("TE.0: both, the length 0", "Transfer-Encoding: chunked\r\nContent-Length: 0", BOTH),
    refused(
      "both framings in HTTP/1.0",
      "Content-Length: 5\r\nTransfer-Encoding: chunked",
      BOTH,
      0,
    ),
    refused(
      "Content-Length twice, different",
      "Content-Length: 5\r\nContent-Length: 6",
      "length-twice",
    ),
    refused(
      "Content-Length twice, equal",
      "Content-Length: 5\r\ncontent-length: 5",
      "equal-content-length-twice",
    ),
    refused(
      "a list of equal lengths (9112 6.3)",
      "Content-Length: 5, 5",
      "equal-content-length-twice",
    ),
    ...LENGTHS.map(([name, value]) =>
      refused(`Content-Length ${name} (9110 8.6)`, `Content-Length: ${value}`, LENGTH),
    ),
    refused("NUL behind the length", "Content-Length: 5\0", "field-value-invalid"),
    ...CODINGS.map(([name, value]) =>
      refused(`Transfer-Encoding ${name} (9112 6.1)`, `Transfer-Encoding: ${value}`, CODING),
    ),
    refused("TE.TE: two lines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", CODING),
    refused(
      "TE.TE: identity first",
      "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
      CODING,
    ),
    refused("vertical tab before chunked", "Transfer-Encoding: \x0bchunked", "field-value-invalid"),
    refused("form feed behind chunked", "Transfer-Encoding: chunked\x0c", "field-value-invalid"),
    refused("NUL behind chunked", "Transfer-Encoding: chunked\0", "field-value-invalid"),
    refused("blank before the colon", "Transfer-Encoding : chunked", "field-name-invalid"),
    refused("chunked in HTTP/1.0 (9112 6.1)", "Transfer-Encoding: chunked", CODING, 0),
  ],
  [
    {
      name: "chunked in any case, with blanks before it",
      bytes:
        "POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: \tChunKED\r\n\r\n1\r\na\r\n0\r\n\r\n",
      sees: ["\r\n\r\n1\r\na\r\n0\r\n\r\n"],
    },
    {
      name: "POST without either has length 0 (9112 6.3)",
      bytes: "POST / HTTP/1.1\r\nHost: web\r\n\r\n",
      sees: ["Content-Length: 0\r\n"],
    },
    {
      name: "a body on GET, with its framing (9110 9.3.1)",
      bytes: "GET / HTTP/1.1\r\nHost: web\r\nContent-Length: 3\r\n\r\nabc",
      sees: ["Content-Length: 3\r\n", "\r\n\r\nabc"],
    },
    {
      name: "a chunked body on DELETE",
      bytes:
        "DELETE / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      sees: ["Transfer-Encoding: chunked\r\n", "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
    },
    {
      name: "a body that looks like a request (CL.0)",
      bytes: "GET / HTTP/1.1\r\nHost: web\r\nContent-Length: 19\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
      sees: ["Content-Length: 19\r\n", "\r\n\r\nGET /b HTTP/1.1\r\n\r\n"],
    },
  ],
);

describe("request bodies that do not end (RFC 9112 8)", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    plane = await DataPlane.start({ maxBody: "10B" });
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  test.each([
    ["Content-Length, FIN", "Content-Length: 9\r\n\r\nabc", "fin"],
    ["Content-Length, RST", "Content-Length: 9\r\n\r\nabc", "reset"],
    ["chunked, FIN", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "fin"],
    [
      "chunked without its last chunk, RST",
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
      "reset",
    ],
  ])("a body that ends early is never completed (9112 8): %s", async (_name, rest, end) => {
    const client = await plane.open();
    client.send(`PUT / HTTP/1.1\r\nHost: web\r\n${rest}`);
    await eventually(() => expect(plane.origin.lastConnection.received).toContain("abc"));
    if (end === "fin") client.finish();
    else client.reset();
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
    expect(plane.origin.requests).toHaveLength(0);
    expect(plane.origin.connections).toHaveLength(1);
    expect(client.text).toBe("");
  });

  test("a body over maxBody gets 413 before a byte of it is read (9110 15.5.14)", async () => {
    const client = await plane.open();
    client.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 11\r\n\r\n");
    const response = await client.response();
    expect(response.status).toBe(413);
    expect(response.field("connection")).toBe("close");
    expect(await client.ended()).toBe("fin");
    expect(plane.origin.connections).toHaveLength(0);
  });

  test("a chunked body that grows over maxBody gets 413, its upstream is destroyed", async () => {
    const client = await plane.open();
    client.send(
      "POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n",
    );
    await eventually(() => expect(plane.origin.lastConnection.received).toContain("123456789"));
    client.send("2\r\nab\r\n");
    expect((await client.response()).status).toBe(413);
    expect(await client.ended()).toBe("fin");
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
    expect(plane.origin.requests).toHaveLength(0);
  });

  test("a body of exactly maxBody is taken, chunked or not", async () => {
    const client = await plane.open();
    client.send("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 10\r\n\r\n1234567890");
    expect((await client.response()).status).toBe(200);
    client.send("POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("a\r\n1234567890\r\n0\r\n\r\n");
    expect((await client.response()).status).toBe(200);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
