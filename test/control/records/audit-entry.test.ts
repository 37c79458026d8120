import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  followsHead,
  headOf,
  NO_ENTRY,
  readAuditEntry,
  sealEntry,
  shortFact,
} from "../../../control/records/audit-entry.ts";
import type { AuditEntry, AuditFact } from "../../../control/records/audit-entry.ts";
import { LINE_BYTES_MAX } from "../../../control/records/line-log.ts";

const FACT: AuditFact = {
  actor: "local",
  action: "shift",
  service: "web",
  reason: undefined,
  before: { b: 1, a: 2 },
  after: undefined,
  revision: 7,
};

const UNSEALED = { ...FACT, time: "2026-01-02T03:04:05.000Z" };
const FIRST = sealEntry({ ...UNSEALED, sequence: 1, previousHash: NO_ENTRY.hash });

test("sealEntry() hashes the entry's canonical JSON (RFC 8785)", () => {
  const canonical =
    '{"action":"shift","actor":"local","before":{"a":2,"b":1},' +
    `"previousHash":"${"0".repeat(64)}","revision":7,"sequence":1,"service":"web",` +
    '"time":"2026-01-02T03:04:05.000Z"}';
  expect(FIRST.hash).toBe(createHash("sha256").update(canonical).digest("hex"));
});

describe("followsHead()", () => {
  const second = sealEntry({ ...UNSEALED, sequence: 2, previousHash: FIRST.hash });

  test("takes an entry that is tied to the one before", () => {
    expect(followsHead(FIRST, NO_ENTRY)).toBe(true);
    expect(followsHead(second, headOf(FIRST))).toBe(true);
  });

  test.each<[string, AuditEntry]>([
    ["another number", sealEntry({ ...UNSEALED, sequence: 3, previousHash: FIRST.hash })],
    ["another one before", sealEntry({ ...UNSEALED, sequence: 2, previousHash: NO_ENTRY.hash })],
    ["a changed field", { ...second, actor: "somebody" }],
    ["one more field", { ...second, more: 1 } as AuditEntry],
    ["another hash", { ...second, hash: FIRST.hash }],
  ])("refuses one with %s", (_, entry) => {
    expect(followsHead(entry, headOf(FIRST))).toBe(false);
  });
});

describe("readAuditEntry()", () => {
  test("reads what was written, with fields that we do not know", () => {
    const line = JSON.stringify({ ...FIRST, more: 1 });
    expect(readAuditEntry(line)).toEqual(JSON.parse(line));
  });

  test.each([
    ["half a line", JSON.stringify(FIRST).slice(0, 50)],
    ["another document", '{"sequence":1}'],
    ["a number that is none", JSON.stringify({ ...FIRST, sequence: 0 })],
    ["nothing", ""],
  ])("takes %s for no entry", (_, line) => {
    expect(readAuditEntry(line)).toBeUndefined();
  });
});

describe("shortFact()", () => {
  const most = LINE_BYTES_MAX / 4;

  test("keeps documents that fit into a line together", () => {
    // Two quotation marks are part of the document.
    const fact = { ...FACT, before: undefined, after: "x".repeat(most - 2) };
    expect(shortFact(fact)).toBe(fact);
  });

  test("keeps size and hash of documents that do not", () => {
    const fact = { ...FACT, before: { text: "\u00e9" }, after: "x".repeat(most) };
    const sha256 = createHash("sha256").update('{"text":"\u00e9"}').digest("hex");
    const short = shortFact(fact);
    expect(short).toMatchObject({ actor: "local", before: { omitted: { bytes: 13, sha256 } } });
    expect(short.after).toMatchObject({ omitted: { bytes: most + 2 } });
    expect(shortFact({ ...fact, before: undefined }).before).toBeUndefined();
  });
});
