import { expect, test } from "vitest";
import { FileFlaw } from "../../../control/base/file-flaw.ts";
import { oneToken } from "../../../control/base/one-token.ts";

test("oneToken() takes a token without the white space around it", () => {
  expect(oneToken(Buffer.from(" \r\n8f0e-!~\n"), "a")).toBe("8f0e-!~");
});

test.each([
  ["an empty file", " \n"],
  ["something else", "two secrets"],
  ["something else", "s\u{e9}cret"],
  ["something else", "a\0b"],
])("oneToken() says that it found %s, and not what", (found, text) => {
  const read = (): string => oneToken(Buffer.from(text), "/a/token");
  expect(read).toThrow(new FileFlaw("one token in /a/token", found));
});
