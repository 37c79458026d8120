import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MessageEnds } from "../../../proxy/grpc/message-ends.ts";

/** A message of so many bytes, with its prefix. */
function message(length: number, compressed = 0): Buffer {
  const bytes = Buffer.alloc(5 + length, 0xff);
  bytes[0] = compressed;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe("MessageEnds.pass()", () => {
  test("finds the last end in a piece, and whether more of a message has to come", () => {
    const ends = new MessageEnds();
    expect([ends.isBetween, ends.count]).toEqual([true, 0]);
    const bytes = Buffer.concat([message(3), message(0, 1), message(300)]);
    expect(ends.pass(bytes, 0, 4)).toBe(-1);
    expect(ends.isBetween).toBe(false);
    expect(ends.pass(bytes, 4, 20)).toBe(13);
    expect([ends.isBetween, ends.count]).toEqual([false, 2]);
    expect(ends.pass(bytes, 20, bytes.length)).toBe(bytes.length);
    expect([ends.isBetween, ends.count]).toEqual([true, 3]);
    ends.pass(bytes, 0, 2);
    ends.reset();
    expect([ends.isBetween, ends.count, ends.pass(bytes, 0, 8)]).toEqual([true, 0, 8]);
  });

  test("takes the largest length for what it is", () => {
    const ends = new MessageEnds();
    const huge = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
    expect(ends.pass(huge, 0, huge.length)).toBe(-1);
    expect([ends.isBetween, ends.count]).toEqual([false, 0]);
  });

  test("gives up what are no messages, which may end anywhere", () => {
    const ends = new MessageEnds();
    const bytes = Buffer.concat([message(3), Buffer.from("hello, world"), message(3)]);
    expect(ends.pass(bytes, 0, 14)).toBe(8);
    expect([ends.isBetween, ends.count, ends.pass(bytes, 14, bytes.length)]).toEqual([true, 1, -1]);
    ends.reset();
    expect(ends.pass(bytes, 0, 8)).toBe(8);
  });

  test("finds the same ends however the bytes are cut", () => {
    const lengths = fc.array(fc.nat(40), { maxLength: 8 });
    const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 30 });
    fc.assert(
      fc.property(lengths, cuts, (sizes, pieces) => {
        const bytes = Buffer.concat(sizes.map((size) => message(size)));
        const ends = new MessageEnds();
        let [at, last] = [0, -1];
        for (const piece of [...pieces, bytes.length]) {
          const end = Math.min(bytes.length, at + piece);
          const found = ends.pass(bytes, at, end);
          if (found !== -1) last = found;
          at = end;
        }
        expect([ends.count, ends.isBetween]).toEqual([sizes.length, true]);
        expect(last).toBe(sizes.length === 0 ? -1 : bytes.length);
      }),
      { seed: 1 },
    );
  });
});
