import { expect, test } from "vitest";
import { RandomHex } from "../../../proxy/base/random-hex.ts";

test("RandomHex.next() gives each byte once, and draws anew when all are given", () => {
  let drawn = 0;
  const hex = new RandomHex((bytes) => {
    drawn += 1;
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = (drawn * 7 + index) & 0xff;
  });
  expect([hex.next(2), hex.next(3)]).toEqual(["0708", "090a0b"]);
  expect(hex.next(4_096)).toMatch(/^0e0f10/);
  expect(drawn).toBe(2);
});

test("RandomHex.next() is never all zeros, which no trace may be called", () => {
  const hex = new RandomHex((bytes) => void bytes.fill(0).fill(1, 16));
  expect(hex.next(8)).toBe("01".repeat(8));
});

test("RandomHex.next() differs each time", () => {
  const hex = new RandomHex();
  const ids = Array.from({ length: 2_000 }, () => hex.next(8));
  expect(new Set(ids).size).toBe(2_000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
});
