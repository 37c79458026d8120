import { describe, expect, test } from "vitest";
import { BodyScanner } from "../../../proxy/http1/body-scanner.ts";
import { chunkPrefix, lastChunk } from "../../../proxy/http1/chunk-encoding.ts";
import { CHUNK_EXTENSION_BYTES_MAX, REFUSED } from "../../../proxy/http1/limits.ts";

type Result = {
  readonly out: string;
  readonly payloadBytes: number;
  /** What comes after the body. */
  readonly rest: string;
  readonly reason: string | undefined;
  readonly done: boolean;
};

/** Scans the text in pieces that end at the cuts. */
function scan(text: string, keepTrailers: boolean, cuts: readonly number[]): Result {
  const scanner = new BodyScanner();
  scanner.begin("chunked", 0, keepTrailers, 0);
  const bytes = Buffer.from(text, "latin1");
  let out = "";
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    const end = scanner.scan(bytes, at, cut);
    if (end === REFUSED) {
      const reason = scanner.refusal?.reason;
      return { out: "", payloadBytes: 0, rest: "", reason, done: scanner.done };
    }
    out += bytes.toString("latin1", at, scanner.forwardEnd) + scanner.tail;
    at = end;
    if (scanner.done) {
      break;
    }
  }
  const { payloadBytes, done } = scanner;
  return { out, payloadBytes, rest: text.slice(at), reason: undefined, done };
}

/** The one result of scanning the text whole, cut anywhere, and byte by byte. */
function scanAnyhow(text: string, keepTrailers = true): Result {
  const whole = scan(text, keepTrailers, []);
  for (let cut = 0; cut < text.length; cut += 1) {
    expect(scan(text, keepTrailers, [cut])).toEqual(whole);
  }
  const all = Array.from({ length: text.length }, (_, index) => index);
  expect(scan(text, keepTrailers, all)).toEqual(whole);
  return whole;
}

const body = '5\r\nhello\r\n00A;x;y=z;q="a\\"\t;"\r\n0123456789\r\n';

describe("BodyScanner", () => {
  test("passes chunks on as they are, and stops at the end of the message", () => {
    expect(scanAnyhow(`${body}000\r\n\r\nGET /`)).toEqual({
      out: `${body}000\r\n\r\n`,
      payloadBytes: 15,
      rest: "GET /",
      reason: undefined,
      done: true,
    });
  });

  test("passes on only trailers that may stand there, and only when asked", () => {
    const bad = [
      "Content-Length: 1",
      "Transfer-Encoding: chunked",
      "HOST: b",
      "Authorization: c",
      "Cookie: d",
      "X-Forwarded-For: e",
      "x-forwarded-any: f",
      "Set-Cookie: g",
      "Connection: X-Sum",
      "TE: h",
    ].join("\r\n");
    const section = `0\r\nX-Sum: 1\r\n${bad}\r\nGrpc-Status: 0\r\n\r\n`;
    expect(scanAnyhow(`${body}${section}NEXT`)).toMatchObject({
      out: `${body}0\r\nX-Sum: 1\r\nGrpc-Status: 0\r\n\r\n`,
      rest: "NEXT",
      done: true,
    });
    expect(scanAnyhow(`${body}${section}`, false).out).toBe(`${body}0\r\n\r\n`);
  });

  test.for([
    ...["+5", "-5", "0x5", "5_", " 5", "", "g", "00000000000005", ";a"].map(
      (size) => ["chunk-size-invalid", `${size}\r\nhello\r\n`] as const,
    ),
    ["chunk-size-padding", "5 \r\nhello\r\n"],
    ["chunk-size-padding", "5\t;a\r\nhello\r\n"],
    ["bare-line-feed", "5\nhello\r\n0\r\n\r\n"],
    ["bare-line-feed", "5;a\nhello\r\n0\r\n\r\n"],
    ["bare-line-feed", "5\r\nhello\n0\r\n\r\n"],
    ["bare-carriage-return", "5\rhello\r\n0\r\n\r\n"],
    ["bare-carriage-return", "5\r\nhello\r0\r\n\r\n"],
    ["bare-carriage-return", "0\r\n\r0"],
    ["chunk-data-spill", "5\r\nhello!\r\n0\r\n\r\n"],
    ["bare-line-feed", "5\r\nhell\r\n0\r\n\r\n"],
    ...[
      ";",
      "; a",
      ";a ",
      ";a=",
      ";a\0",
      ';a="b',
      ';a="b"c',
      ";=b",
      ";a=b=c",
      ";;",
      ';a="\\\0"',
    ].map((extension) => ["chunk-extension-invalid", `5${extension}\r\nhello\r\n`] as const),
    ["chunk-extension-too-long", `5;${"a".repeat(CHUNK_EXTENSION_BYTES_MAX)}\r\n`],
    ["chunk-extension-too-long", `1;${"a".repeat(250)}\r\na\r\n`.repeat(70)],
    ["trailer-invalid", "0\r\nX : y\r\n\r\n"],
    ["trailer-invalid", "0\r\nX: y\n\r\n"],
    ["trailer-invalid", "0\r\n X: y\r\n\r\n"],
    ["trailer-invalid", "0\r\nContent_Length: 1\r\n\r\n"],
    ["trailer-invalid", `0\r\n${"X: y\r\n".repeat(101)}\r\n`],
  ] as const)("refuses %s in %j", ([reason, text]) => {
    expect((text.length > 1000 ? scan(text, true, []) : scanAnyhow(text)).reason).toBe(reason);
  });

  test("refuses a trailer section over the head's limit, whole or in pieces", () => {
    const text = `0\r\nX: ${"y".repeat(33 * 1024)}\r\n\r\n`;
    expect(scan(text, true, []).reason).toBe("trailer-invalid");
    expect(scan(text, true, [1000, 20_000]).reason).toBe("trailer-invalid");
  });

  test("counts a body by length, and takes none of what follows", () => {
    const scanner = new BodyScanner();
    const bytes = Buffer.from("helloNEXT");
    scanner.begin("length", 5, false, 0);
    expect([scanner.scan(bytes, 0, 3), scanner.done, scanner.forwardEnd]).toEqual([3, false, 3]);
    expect([scanner.scan(bytes, 3, 9), scanner.done, scanner.forwardEnd]).toEqual([5, true, 5]);
    expect([scanner.payloadBytes, scanner.tail]).toEqual([5, ""]);
  });

  test("is done at once without a body, and never when the connection ends it", () => {
    const scanner = new BodyScanner();
    for (const framing of ["none", "length"] as const) {
      scanner.begin(framing, 0, false, 0);
      expect([scanner.done, scanner.scan(Buffer.from("abc"), 1, 3)]).toEqual([true, 1]);
    }
    scanner.begin("close", 0, false, 0);
    expect([scanner.scan(Buffer.from("abc"), 1, 3), scanner.done]).toEqual([3, false]);
    expect([scanner.endsWithConnection, scanner.payloadBytes]).toEqual([true, 2]);
  });

  test("reads what chunkPrefix() and lastChunk() write", () => {
    const text = `${chunkPrefix(31)}${"x".repeat(31)}\r\n${lastChunk("")}`;
    expect(scanAnyhow(text)).toMatchObject({ payloadBytes: 31, done: true, rest: "" });
  });
});
