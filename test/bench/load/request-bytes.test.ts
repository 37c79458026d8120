import { expect, test } from "vitest";
import { requestBytes } from "../../../bench/load/request-bytes.ts";

const GET = {
  host: "127.0.0.1",
  port: 1,
  path: "/a",
  method: "GET",
  bodyBytes: 0,
  secure: false,
  http2: false,
} as const;

test("requestBytes() writes a request without body", () => {
  const text = requestBytes({ ...GET, fields: { Host: "web", cookie: "sid=1" } }).toString();
  expect(text).toBe("GET /a HTTP/1.1\r\nHost: web\r\ncookie: sid=1\r\n\r\n");
});

test("requestBytes() writes a body and its length", () => {
  const target = { ...GET, method: "POST", fields: { Host: "web" }, bodyBytes: 3 } as const;
  const text = requestBytes(target).toString();
  expect(text).toBe("POST /a HTTP/1.1\r\nHost: web\r\ncontent-length: 3\r\n\r\nxxx");
});
