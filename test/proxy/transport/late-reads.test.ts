import { expect, test } from "vitest";
import { LateReads } from "../../../proxy/transport/late-reads.ts";

test("LateReads gives back copies, the oldest first", () => {
  const late = new LateReads();
  const buffer = Buffer.from("one, and what was read before");
  late.add(buffer, 3);
  buffer.write("two");
  late.add(buffer, 3);
  buffer.fill(0);
  expect([late.next(), late.next(), late.next()].map((bytes) => bytes?.toString())).toEqual([
    "one",
    "two",
    undefined,
  ]);
});

test("LateReads is empty only without the end", () => {
  const late = new LateReads();
  expect(late.isEmpty).toBe(true);
  late.add(Buffer.from("x"), 1);
  expect(late.isEmpty).toBe(false);
  late.next();
  late.hasEnd = true;
  expect(late.isEmpty).toBe(false);
  late.add(Buffer.from("x"), 1);
  late.clear();
  expect([late.isEmpty, late.next()]).toEqual([true, undefined]);
});
