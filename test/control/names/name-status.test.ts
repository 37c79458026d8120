import { expect, test } from "vitest";
import { AddressRecord } from "../../../control/names/address-record.ts";
import type { Answer } from "../../../control/names/address-record.ts";
import { ADDRESSES_MAX, fixedStatus, answeredStatus } from "../../../control/names/name-status.ts";
import type { NameStatus } from "../../../control/names/name-status.ts";

const EVERYWHERE = { v6: true, v6Loopback: true };
const NO_V6 = { v6: false, v6Loopback: false };

const found = (...addresses: string[]): Answer => ({ kind: "addresses", addresses, ttlMs: 1_000 });
const none: Answer = { kind: "none", reason: "no such name" };
const failed: Answer = { kind: "failed", reason: "silent" };

function status(v4: readonly Answer[], v6: readonly Answer[], reach = EVERYWHERE): NameStatus {
  const records = { v4: new AddressRecord(), v6: new AddressRecord() };
  for (const answer of v4) records.v4.add(answer);
  for (const answer of v6) records.v6.add(answer);
  return answeredStatus(records, reach);
}

test("answeredStatus() gives both families in an order that no rotating server changes", () => {
  const expected = { kind: "resolved", addresses: ["10.0.0.1", "10.0.0.2", "[2001:db8::1]"] };
  expect(status([found("10.0.0.2", "10.0.0.1")], [found("2001:DB8:0::1")])).toEqual(expected);
  expect(status([found("10.0.0.1", "10.0.0.2")], [found("2001:db8::1")])).toEqual(expected);
});

test("answeredStatus() does not wait for one family when the other has addresses", () => {
  expect(status([], [])).toEqual({ kind: "asking" });
  expect(status([none], [])).toEqual({ kind: "asking" });
  expect(status([found("10.0.0.1")], [])).toEqual({ kind: "resolved", addresses: ["10.0.0.1"] });
});

test("answeredStatus() is stale only when addresses are older than the last question", () => {
  expect(status([found("10.0.0.1"), failed], [none])).toEqual({
    kind: "stale",
    addresses: ["10.0.0.1"],
    reason: "silent",
  });
  expect(status([found("10.0.0.1")], [failed])).toMatchObject({ kind: "resolved" });
});

test("answeredStatus() says why there is no address; a failure before a no", () => {
  expect(status([none], [none])).toEqual({ kind: "unresolved", reason: "no such name" });
  expect(status([none], [failed])).toEqual({ kind: "unresolved", reason: "silent" });
});

test("answeredStatus() leaves out addresses to which nothing can be connected", () => {
  expect(status([found("0.0.0.0", "10.0.0.1")], [found("::", "fe80::1")])).toEqual({
    kind: "resolved",
    addresses: ["10.0.0.1"],
  });
  expect(status([none], [found("2001:db8::1")], NO_V6)).toMatchObject({ kind: "unresolved" });
});

test("answeredStatus() bounds how many addresses a name has", () => {
  const many = Array.from({ length: ADDRESSES_MAX + 10 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
  expect(status([found(...many)], [none])).toMatchObject({
    addresses: many.toSorted().slice(0, ADDRESSES_MAX),
  });
});

test("fixedStatus() gives ::1 only to a machine that has it", () => {
  const both = ["127.0.0.1", "::1"];
  expect(fixedStatus(both, EVERYWHERE)).toMatchObject({ addresses: ["127.0.0.1", "[::1]"] });
  expect(fixedStatus(both, NO_V6)).toMatchObject({ addresses: ["127.0.0.1"] });
  expect(fixedStatus(["::1"], NO_V6)).toMatchObject({ kind: "unresolved" });
});
