import { expect, test } from "vitest";
import { askerText, putAsideBy } from "../../../control/page/put-aside.ts";
import type { AuditEntry } from "../../../control/records/audit-entry.ts";

function entry(sequence: number, service: string, after: unknown, reason?: string): AuditEntry {
  const time = "2026-01-01T00:00:00Z";
  const seal = { sequence, time, revision: sequence, previousHash: "", hash: "" };
  return { ...seal, actor: "ann", action: "put", service, reason, before: undefined, after };
}

const states = (endpointStates: object): object => ({ versions: { v1: { endpointStates } } });

const ENTRIES = [
  entry(1, "shop", states({ "10.0.0.1:80": "maint" }), "new disk"),
  entry(2, "shop", states({ "10.0.0.1:80": "drain", "web:80": "maint" })),
  entry(3, "cart", states({ "10.0.0.1:80": "maint" })),
  entry(4, "shop", { versions: { v1: { state: "maint", weight: 5 } } }),
  entry(5, "shop", undefined),
];

test.each([
  ["10.0.0.1:80", undefined, "maint", 1],
  ["10.0.0.1:80", undefined, "drain", 2],
  ["10.0.0.9:80", "web:80", "maint", 2],
  ["10.0.0.2:80", undefined, "maint", undefined],
  [undefined, undefined, "maint", 4],
] as const)("putAsideBy() finds who put %s (%s) into %s", (address, name, state, sequence) => {
  const owner = { service: "shop", version: "v1", name, state };
  const found = putAsideBy(ENTRIES, address === undefined ? owner : { ...owner, address });
  expect(found?.sequence).toBe(sequence);
});

test("askerText() says who and why, as far as that is known", () => {
  const [first, second] = ENTRIES;
  expect([first, second, undefined].map(askerText)).toEqual([
    "ann (“new disk”)",
    "ann",
    "somebody",
  ]);
});
