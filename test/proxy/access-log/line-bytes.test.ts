import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineBytes, Piece } from "../../../proxy/access-log/line-bytes.ts";
import { TEXT_CHARS_MAX, escaped } from "../../../proxy/base/escaped.ts";
import { bytesOf } from "./line-fixture.ts";

/** A text as it comes from a peer, a character a byte. */
const peersText = fc
  .uint8Array({ maxLength: TEXT_CHARS_MAX + 20 })
  .map((bytes) => Buffer.from(bytes).toString("latin1"));

const ascii = fc.string({ maxLength: 40 }).filter((text) => /^[ -~]*$/.test(text));

describe("LineBytes", () => {
  test("has a text of anybody's as escaped() has it", () => {
    fc.assert(
      fc.property(fc.oneof(peersText, ascii, fc.string()), (text) => {
        expect(bytesOf((bytes) => bytes.text(text))).toBe(escaped(text));
      }),
    );
  });

  test("has a number to a thousandth, and nothing behind whole ones", () => {
    const numbers = [0, 9, 10, 200, 1.2, 0.0004, 0.0005, 1.9996, 12.034, 2 ** 40 + 0.5, 2 ** 52];
    expect(numbers.map((value) => bytesOf((bytes) => bytes.number(value)))).toEqual([
      "0",
      "9",
      "10",
      "200",
      "1.200",
      "0",
      "0.001",
      "2",
      "12.034",
      "1099511627776.500",
      "4503599627370496",
    ]);
  });

  test("writes nothing beyond its room, and says how much was wanted", () => {
    const write = (line: LineBytes): void => {
      line.piece(new Piece("piece"));
      line.ascii("ascii");
      line.text('te"xt');
      line.number(12.345);
      line.again(0, 9);
    };
    const whole = bytesOf(write);
    expect(whole).toBe('pieceasciite\\"xt12.345pieceasci');
    for (let room = 0; room <= whole.length + 5; room += 1) {
      const bytes = Buffer.alloc(64, "-");
      const line = new LineBytes();
      line.begin(bytes.subarray(0, room));
      write(line);
      expect(line.length).toBe(whole.length);
      const there = bytes.toString("latin1", 0, Math.min(room, whole.length));
      // What is written once more must have found room the first time.
      expect(there.slice(0, 23)).toBe(whole.slice(0, Math.min(room, 23)));
      expect(bytes.toString("latin1", room)).toBe("-".repeat(64 - room));
    }
    expect.assertions(1 + 3 * (whole.length + 6));
  });
});
