import { expect, test } from "vitest";
import { ForwardedFields } from "../../../proxy/http1/forwarded-fields.ts";
import type { RequestSource } from "../../../proxy/http1/forwarded-fields.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";

const HERE = {
  clientAddress: "10.0.0.9",
  trusted: false,
  proto: "http",
  pseudonym: "p",
  namedInVia: false,
} as const;

function headOf(...lines: readonly string[]): RequestHead {
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const head = new RequestHead();
  head.reset();
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  return head;
}

const A = headOf("GET / HTTP/1.1", "Host: a");
const B = headOf("GET / HTTP/1.1", "Host: b");
const OLD = headOf("GET / HTTP/1.0", "Host: a");
const FORWARDED = headOf("GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 192.0.2.1");

/** What an object says that has said nothing before. */
function fresh(head: RequestHead, source: RequestSource): string {
  return new ForwardedFields().textFor(head, source);
}

test("ForwardedFields says where a request comes from", () => {
  expect(fresh(A, HERE)).toBe(
    "X-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n" +
      "CDN-Loop: p\r\n",
  );
  const named = { ...HERE, namedInVia: true };
  expect(fresh(A, named)).toMatch(/\r\nVia: 1\.1 p\r\nCDN-Loop: p\r\n$/);
  expect(fresh(OLD, named)).toContain("\r\nVia: 1.0 p\r\n");
});

test("ForwardedFields never says of one request what was true of the one before", () => {
  const fields = new ForwardedFields();
  const there = { ...HERE, clientAddress: "10.0.0.8" } as const;
  const secure = { ...HERE, proto: "https" } as const;
  const trusted = { ...HERE, trusted: true } as const;
  const requests: [RequestHead, RequestSource][] = [
    [A, HERE],
    [A, HERE],
    [B, HERE],
    [A, HERE],
    [A, there],
    [A, secure],
    [OLD, secure],
    [OLD, { ...secure, namedInVia: true }],
    [A, { ...secure, namedInVia: true }],
    [FORWARDED, HERE],
    [FORWARDED, trusted],
    [A, trusted],
    [FORWARDED, trusted],
    [A, HERE],
  ];
  for (const [head, source] of requests) {
    expect(fields.textFor(head, source)).toBe(fresh(head, source));
  }
  expect(fresh(FORWARDED, trusted)).toContain("X-Forwarded-For: 192.0.2.1, 10.0.0.9\r\n");
});

test("ForwardedFields says no address of who has none, and keeps what a trusted peer says", () => {
  const nowhere = { ...HERE, clientAddress: "" } as const;
  const trusted = { ...nowhere, trusted: true } as const;
  for (const text of [fresh(A, nowhere), fresh(FORWARDED, nowhere), fresh(A, trusted)]) {
    expect(text).toBe("X-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nCDN-Loop: p\r\n");
  }
  expect(fresh(FORWARDED, trusted)).toMatch(/^X-Forwarded-For: 192\.0\.2\.1\r\n/);
});
