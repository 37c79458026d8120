import { expect, test } from "vitest";
import { FieldPairs } from "../../../proxy/table/field-pairs.ts";
import { WantedPairs } from "../../../proxy/table/wanted-pairs.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";

const LINES = [
  "GET / HTTP/1.1",
  "Host: a",
  "X-Beta: 1",
  "x-two: a",
  "Cookie: a=1",
  "X-Empty:",
  "X-TWO: b",
  "cookie: b=2",
];

test.each([
  ["x-beta", "1", true],
  ["x-beta", "2", false],
  ["x-two", "a, b", true],
  ["x-two", "a", false],
  ["cookie", "a=1; b=2", true],
  ["x-none", "", false],
  ["x-empty", "", true],
])("FieldPairs find %j with all its lines: is it %j? %j", (name, value, isFound) => {
  const pairs = new WantedPairs(new FieldPairs());
  const wanted = pairs.want(name, value);
  const head = new RequestHead();
  head.reset();
  const bytes = Buffer.from(`${LINES.join("\r\n")}\r\n\r\n`, "latin1");
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  pairs.read(head);
  expect(pairs.fulfils([wanted])).toBe(isFound);
});
