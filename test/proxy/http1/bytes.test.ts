import { assert, maxSafeNat, property } from "fast-check";
import { describe, expect, test } from "vitest";
import {
  FIELD_VALUE,
  FOLDED,
  HEX_VALUE,
  NAME_BYTE,
  TOKEN,
  equalsFolded,
  skipBlanks,
  trimBlanks,
  wholeNumber,
} from "../../../proxy/http1/bytes.ts";

const every = Array.from({ length: 256 }, (_, byte) => byte);
const textOf = (byte: number): string => String.fromCharCode(byte);

function numberOf(text: string): number {
  const bytes = Buffer.from(`9${text}9`, "latin1");
  return wholeNumber(bytes, 1, bytes.length - 1);
}

describe("bytes:", () => {
  test("TOKEN, FIELD_VALUE and HEX_VALUE are the sets of RFC 9110 section 5.6.2 and 5.5", () => {
    expect(every.filter((byte) => TOKEN[byte] === 1).map(textOf)).toEqual(
      every.map(textOf).filter((text) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(text)),
    );
    expect(every.filter((byte) => FIELD_VALUE[byte] === 1).map(textOf)).toEqual(
      every.map(textOf).filter((text) => /^[\t\x20-\x7e\x80-\xff]$/.test(text)),
    );
    expect(
      every
        .filter((byte) => HEX_VALUE[byte] !== 255)
        .map(textOf)
        .join(""),
    ).toBe("0123456789ABCDEFabcdef");
  });

  test("FOLDED is ASCII lower case with - for _, and NAME_BYTE that of a token's bytes", () => {
    expect(
      every
        .filter((byte) => FOLDED[byte] !== byte)
        .map(textOf)
        .join(""),
    ).toBe("ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    expect(every.map((byte) => NAME_BYTE[byte])).toEqual(
      every.map((byte) => (TOKEN[byte] === 1 ? FOLDED[byte] : 0)),
    );
    expect(["A", "Z", "_"].map((text) => textOf(FOLDED[text.charCodeAt(0)] ?? 0))).toEqual([
      "a",
      "z",
      "-",
    ]);
  });

  test.each([
    ["keep-alive", true],
    ["Keep-Alive", true],
    ["keep_alive", false],
    ["keep-alivE ", false],
    ["keep-aliv", false],
  ])("equalsFolded() of %j and keep-alive is %s", (text, expected) => {
    const bytes = Buffer.from(text, "latin1");
    expect(equalsFolded(bytes, 0, bytes.length, Buffer.from("keep-alive"))).toBe(expected);
  });

  test("wholeNumber() reads every number below 2^53 as it is written", () => {
    assert(
      property(maxSafeNat(), (value) => numberOf(String(value)) === value),
      { seed: 3 },
    );
  });

  test.each(["", "-1", "+1", "01", "00", "1.0", "1e3", "0x1", " 1", "9007199254740992"])(
    "wholeNumber() of %j is -1",
    (text) => {
      expect(numberOf(text)).toBe(-1);
    },
  );

  test("skipBlanks() and trimBlanks() leave out SP and HTAB, and meet where that is all", () => {
    const bytes = Buffer.from(" \t a\v \t", "latin1");
    expect(skipBlanks(bytes, 0, bytes.length)).toBe(3);
    expect(trimBlanks(bytes, 0, bytes.length)).toBe(5);
    expect([skipBlanks(bytes, 0, 2), trimBlanks(bytes, 0, 2)]).toEqual([2, 0]);
  });
});
