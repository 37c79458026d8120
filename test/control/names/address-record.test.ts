import { expect, test } from "vitest";
import {
  AddressRecord,
  FAILED_MS,
  NEGATIVE_MS,
  TTL_MAX_MS,
  TTL_MIN_MS,
} from "../../../control/names/address-record.ts";
import type { Answer } from "../../../control/names/address-record.ts";

const found = (ttlMs: number): Answer => ({ kind: "addresses", addresses: ["10.0.0.1"], ttlMs });
const none: Answer = { kind: "none", reason: "no such name" };
const failed: Answer = { kind: "failed", reason: "silent" };

test("AddressRecord.holdsMs() keeps a TTL within its bounds", () => {
  const record = new AddressRecord();
  const held = [0, 999, 30_000, 86_400_000].map((ttlMs) => {
    record.add(found(ttlMs));
    return record.holdsMs();
  });
  expect(held).toEqual([TTL_MIN_MS, TTL_MIN_MS, 30_000, TTL_MAX_MS]);
});

test("AddressRecord.holdsMs() asks again soon after a failure or a no", () => {
  const record = new AddressRecord();
  expect(record.holdsMs()).toBe(0);
  record.add(failed);
  expect(record.holdsMs()).toBe(FAILED_MS);
  record.add(none);
  expect(record.holdsMs()).toBe(NEGATIVE_MS);
});

test("AddressRecord keeps its addresses for as long as DNS fails to answer", () => {
  const record = new AddressRecord();
  record.add(found(1_000));
  for (let time = 0; time < 1_000; time += 1) record.add(failed);
  expect(record.addresses).toEqual(["10.0.0.1"]);
  expect(record.last).toBe(failed);
});

test("AddressRecord lets its addresses go at the second no in a row, not at the first", () => {
  const record = new AddressRecord();
  record.add(found(1_000));
  record.add(none);
  expect(record.addresses).toEqual(["10.0.0.1"]);
  record.add(failed);
  record.add(none);
  expect(record.addresses).toEqual(["10.0.0.1"]);
  record.add(none);
  expect(record.addresses).toEqual([]);
});
