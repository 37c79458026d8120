import { expect, test } from "vitest";
import { READ_BYTES, ReadBuffers } from "../../../proxy/transport/read-buffers.ts";

test("ReadBuffers.borrow() gives nobody a buffer that somebody has", () => {
  const buffers = new ReadBuffers();
  const lent = Array.from({ length: 10 }, () => buffers.borrow());
  expect(new Set([buffers.shared, ...lent].map(({ buffer }) => buffer)).size).toBe(11);
  expect(lent.map(({ length }) => length)).toEqual(Array(10).fill(READ_BYTES));
});

test("ReadBuffers.giveBack() keeps buffers for reuse", () => {
  const buffers = new ReadBuffers();
  const lent = buffers.borrow();
  buffers.giveBack(lent);
  expect(buffers.borrow()).toBe(lent);
  expect(buffers.borrow()).not.toBe(lent);
});

test("ReadBuffers.giveBack() keeps no more than a bounded number", () => {
  const buffers = new ReadBuffers();
  const lent = Array.from({ length: 100 }, () => buffers.borrow());
  for (const buffer of lent) buffers.giveBack(buffer);
  const again = new Set(Array.from({ length: 100 }, () => buffers.borrow()));
  expect(lent.filter((buffer) => again.has(buffer))).toHaveLength(64);
});
