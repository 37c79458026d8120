import { expect, test } from "vitest";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import type { RequestText } from "../../../proxy/http1/request-text.ts";

function textOf(...lines: readonly string[]): RequestText {
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const head = new RequestHead();
  head.reset();
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  return head;
}

test("a RequestText says whom a request is for and what it asks, with the query apart", () => {
  const text = textOf("PUT /a/./b%20c?d=e&f HTTP/1.1", "Host: Web:81", "X-Request-Id: r");
  expect([text.method, text.version, text.isHead, text.asteriskForm]).toEqual([
    "PUT",
    "1.1",
    false,
    false,
  ]);
  expect([text.host, text.authority]).toEqual(["Web", "Web:81"]);
  expect([text.target, text.rawPath, text.queryString]).toEqual([
    "/a/./b%20c?d=e&f",
    "/a/./b%20c",
    "d=e&f",
  ]);
  expect([text.path, text.requestId]).toEqual(["/a/b%20c", "r"]);
});

test("a RequestText joins lines of a field by commas, and cookies by semicolons", () => {
  const text = textOf("HEAD / HTTP/1.1", "Host: a", "X: 1", "Cookie: a=b", "x: 2", "cookie: c=d");
  expect([text.header("x"), text.header("cookie"), text.header("y")]).toEqual([
    "1, 2",
    "a=b; c=d",
    undefined,
  ]);
  expect(text.isHead).toBe(true);
});
