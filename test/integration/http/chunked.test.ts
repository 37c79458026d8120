import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { DataPlane } from "./data-plane.ts";
import { describeRequests } from "./refused-requests.ts";
import type { RefusedRequest, TakenRequest } from "./refused-requests.ts";

const HEAD = "POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n";

type ChunkCase = readonly [name: string, body: string, reason: string];

const SIZE = "chunk-size-invalid";
const PADDING = "chunk-size-padding";
const EXTENSION = "chunk-extension-invalid";
const TOO_LONG = "chunk-extension-too-long";
const LF = "bare-line-feed";
const CR = "bare-carriage-return";
const SPILL = "chunk-data-spill";
const TRAILER = "trailer-invalid";

/** More than 16 KiB of extensions, each of them within its own limit. */
const EXTENDED = `1;${"x".repeat(250)}\r\na\r\n`.repeat(66);

/** Bodies that break a rule of RFC 9112 7.1; each is a whole body. */
const BAD_BODIES: readonly ChunkCase[] = [
  ["size with a plus", "+3\r\nabc\r\n0\r\n\r\n", SIZE],
  ["negative size", "-3\r\nabc\r\n0\r\n\r\n", SIZE],
  ["size with 0x", "0x3\r\nabc\r\n0\r\n\r\n", SIZE],
  ["size with an underscore", "0_3\r\nabc\r\n0\r\n\r\n", SIZE],
  ["blank before the size", " 3\r\nabc\r\n0\r\n\r\n", SIZE],
  ["blank behind the size", "3 \r\nabc\r\n0\r\n\r\n", PADDING],
  ["tab behind the size", "3\t\r\nabc\r\n0\r\n\r\n", PADDING],
  ["no digits", "\r\nabc\r\n0\r\n\r\n", SIZE],
  ["no digits but an extension", ";a\r\nabc\r\n0\r\n\r\n", SIZE],
  ["not hexadecimal", "3g\r\nabc\r\n0\r\n\r\n", SIZE],
  ["size over 2^53-1", "20000000000000\r\nabc\r\n0\r\n\r\n", SIZE],
  ["size that wraps round 2^64", "10000000000000003\r\nabc\r\n0\r\n\r\n", SIZE],
  ["14 digits, leading zeros", "00000000000003\r\nabc\r\n0\r\n\r\n", SIZE],
  ["bare LF behind the size (9112 2.2)", "3\nabc\r\n0\r\n\r\n", LF],
  ["bare CR behind the size", "3\rabc\r\n0\r\n\r\n", CR],
  ["bare LF behind the data (TERM.EXT)", "3\r\nabc\n0\r\n\r\n", LF],
  ["bare CR behind the data", "3\r\nabc\r0\r\n\r\n", CR],
  ["bare LF in an extension (EXT.TERM)", "3;a\nabc\r\n0\r\n\r\n", LF],
  ["bare CR in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n", CR],
  ["data longer than the size (TERM.SPILL)", "3\r\nabcd\r\n0\r\n\r\n", SPILL],
  ["data shorter than the size", "5\r\nabc\r\n0\r\n\r\n", SPILL],
  ["two bytes instead of CRLF (SPILL.TERM)", "3\r\nabcXX0\r\n\r\n", SPILL],
  ["`;` alone (9112 7.1.1)", "3;\r\nabc\r\n0\r\n\r\n", EXTENSION],
  ["extension with a bad token", "3;@\r\nabc\r\n0\r\n\r\n", EXTENSION],
  ["extension with a NUL", "3;a\0\r\nabc\r\n0\r\n\r\n", EXTENSION],
  ["extension with unfinished quotes", '3;a="b\r\nabc\r\n0\r\n\r\n', EXTENSION],
  ["extension without its value", "3;a=\r\nabc\r\n0\r\n\r\n", EXTENSION],
  ["extension over 256 bytes", `3;${"x".repeat(256)}\r\nabc\r\n0\r\n\r\n`, TOO_LONG],
  ["extensions over 16 KiB (CVE-2024-22019)", `${EXTENDED}0\r\n\r\n`, TOO_LONG],
  ["a trailer without a colon", "3\r\nabc\r\n0\r\nX\r\n\r\n", TRAILER],
  ["a folded trailer", "3\r\nabc\r\n0\r\nX: a\r\n b\r\n\r\n", TRAILER],
  ["a trailer with a bare LF", "3\r\nabc\r\n0\r\nX: a\nY: b\r\n\r\n", TRAILER],
  ["101 trailers", `0\r\n${"X: y\r\n".repeat(101)}\r\n`, TRAILER],
  ["trailers over 32 KiB", `0\r\nX: ${"y".repeat(33_000)}\r\n\r\n`, TRAILER],
];

function refused([name, body, reason]: ChunkCase): RefusedRequest {
  return { name, bytes: `${HEAD}\r\n${body}`, status: 400, reason };
}

function taken(name: string, body: string): TakenRequest {
  return { name, bytes: `${HEAD}\r\n${body}`, sees: [`\r\n\r\n${body}`] };
}

describeRequests("chunked coding (RFC 9112 7.1)", BAD_BODIES.map(refused), [
  taken("sizes in either case", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
  taken("13 digits", "0000000000003\r\nabc\r\n0\r\n\r\n"),
  taken("several zeros as the last chunk", "3\r\nabc\r\n000\r\n\r\n"),
  taken("extensions by the grammar", '3;a;b=c;d="e \\"f"\r\nabc\r\n0;last\r\n\r\n'),
  taken("data that looks like framing", "7\r\n0\r\n\r\nGE\r\n0\r\n\r\n"),
  taken("many chunks of one byte", `${"1\r\na\r\n".repeat(8000)}0\r\n\r\n`),
  {
    name: "trailers are dropped when nobody asked for them",
    bytes: `${HEAD}\r\n0\r\nX-Sum: 1\r\n\r\n`,
    sees: ["\r\n\r\n0\r\n\r\n"],
    seesNot: ["X-Sum"],
  },
  {
    name: "trailers pass with TE: trailers, but for framing, routing and authentication",
    bytes:
      `${HEAD}TE: trailers\r\nTrailer: X-Sum\r\n\r\n0\r\nX-Sum: 1\r\nHost: evil\r\n` +
      "Content-Length: 9\r\nTransfer-Encoding: x\r\nAuthorization: y\r\n" +
      "X-Forwarded-For: 1\r\nCookie: z\r\n\r\n",
    sees: ["\r\n\r\n0\r\nX-Sum: 1\r\n\r\n", "TE: trailers\r\n", "Trailer: X-Sum\r\n"],
  },
]);

describe("chunked coding that breaks when the head has gone upstream", () => {
  let plane: DataPlane;

  beforeAll(async () => {
    plane = await DataPlane.start();
  });
  afterEach(() => plane.endTest());
  afterAll(() => plane[Symbol.asyncDispose]());

  test.each(BAD_BODIES)("destroys the upstream connection: %s", async (_name, body, reason) => {
    const client = await plane.open();
    client.send(`${HEAD}\r\n4\r\nwell\r\n`);
    await eventually(() => expect(plane.origin.lastConnection.received).toContain("well"));
    const { received } = plane.origin.lastConnection;
    client.send(`${body}GET /smuggled HTTP/1.1\r\nHost: web\r\n\r\n`);
    const response = await client.response();
    expect(response.status).toBe(400);
    expect(response.body).toContain(reason);
    expect(await client.ended()).toBe("fin");
    await eventually(() => expect(plane.origin.lastConnection.fate).not.toBe("open"));
    expect(plane.origin.requests).toHaveLength(0);
    expect(plane.origin.connections).toHaveLength(1);
    expect(plane.origin.lastConnection.received).not.toContain("smuggled");
    expect(plane.origin.lastConnection.received.startsWith(received)).toBe(true);
  });

  test("a body in pieces of one byte arrives as it was sent", async () => {
    const client = await plane.open();
    const body = '3;a="b"\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n';
    await client.sendPieces(`${HEAD}TE: trailers\r\n\r\n${body}`);
    expect((await client.response()).status).toBe(200);
    expect(plane.origin.requests[0]?.text.endsWith(`\r\n\r\n${body}`)).toBe(true);
  });

  test("answers a plain GET after all of that", () => plane.expectAlive());
});
