import { describe, expect, test } from "vitest";
import { encodeField, encodeFieldShort, isCredential } from "../../../proxy/http2/hpack-encoder.ts";

const hex = (latin1: string): string => Buffer.from(latin1, "latin1").toString("hex");

describe("encodeField()", () => {
  test.each([
    // RFC 7541 appendix C.2.4.
    ["a pair of the static table", ":method", "GET", false, "82"],
    ["a name of the static table", ":path", "/sample/path", false, "040c2f73616d706c652f70617468"],
    ["a name behind the first 15", "via", "1", false, "0f2d0131"],
    ["a name of its own", "x", "1", false, "0001780131"],
    ["a value that is not the table's", ":method", "PUT", false, "0203505554"],
    ["an empty value", "accept", "", false, "0f0400"],
    // RFC 7541 appendix C.2.3.
    ["a secret", "password", "secret", true, "100870617373776f726406736563726574"],
    ["a secret by a name of the table", "cookie", "a", true, "1f110161"],
  ])("writes %s", (_, name, value, isSensitive, expected) => {
    expect(hex(encodeField(name, value, isSensitive))).toBe(expected);
  });

  test.each([
    [126, "7e"],
    [127, "7f00"],
    [128, "7f01"],
    [254, "7f7f"],
    [255, "7f8001"],
    [127 + 16_384, "7f808001"],
  ])("writes a length of %i in as many bytes as it takes", (length, expected) => {
    const block = encodeField("x", "v".repeat(length), false);
    expect(hex(block.slice(3, block.length - length))).toBe(expected);
  });
});

describe("encodeFieldShort()", () => {
  // RFC 7541 appendix C.4.1.
  test("writes a value in Huffman's code if that is shorter", () => {
    expect(hex(encodeFieldShort(":authority", "www.example.com", false))).toBe(
      "018cf1e3c2e5f23a6ba0ab90f4ff",
    );
  });

  test("writes it as it is if that is not", () => {
    expect(hex(encodeFieldShort("via", "\u00ff\u00ff", false))).toBe("0f2d02ffff");
    expect(encodeFieldShort(":method", "GET", false)).toBe(encodeField(":method", "GET", false));
  });
});

test("isCredential() names what belongs in no table", () => {
  const names = ["authorization", "cookie", "set-cookie", "x-api-key", "host", "x-request-id"];
  expect(names.map(isCredential)).toEqual([true, true, true, true, false, false]);
});
