import { expect, test } from "vitest";
import { partsBytes, partsText } from "../../../proxy/base/write-parts.ts";

const PARTS = ["a\u00e9", "latin1", Buffer.from([0xff, 0x62]), "buffer", "c", "latin1"];

test("parts are counted and put together without the words that say what each is", () => {
  expect(partsBytes(PARTS)).toBe(5);
  expect(partsText(PARTS)).toBe("a\u00e9\u00ffbc");
  expect([partsBytes([]), partsText([])]).toEqual([0, ""]);
});
