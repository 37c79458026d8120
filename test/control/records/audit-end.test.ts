import { expect, test } from "vitest";
import { contradictionOf } from "../../../control/records/audit-end.ts";
import { NO_ENTRY, sealEntry } from "../../../control/records/audit-entry.ts";
import type { AuditEntry, AuditHead } from "../../../control/records/audit-entry.ts";

/** A whole log of `count` entries; `mark` makes it another one than those with other marks. */
function logOf(count: number, mark = "one"): AuditEntry[] {
  const entries: AuditEntry[] = [];
  let tail: AuditHead = NO_ENTRY;
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const fact = { actor: "local", action: "shift", service: "web", reason: mark, revision: 1 };
    const place = { sequence, time: "2026-01-02T03:04:05.000Z", previousHash: tail.hash };
    tail = sealEntry({ ...fact, before: undefined, after: undefined, ...place });
    entries.push(tail as AuditEntry);
  }
  return entries;
}

async function* back(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines.toReversed();
}

const linesOf = (entries: readonly AuditEntry[]): string[] =>
  entries.map((entry) => JSON.stringify(entry));

const noted = logOf(5)[4] as AuditEntry;

test.each([
  ["is as it was", linesOf(logOf(5))],
  ["has gone on", linesOf(logOf(9))],
  ["has lines that nobody can read", linesOf(logOf(6)).toSpliced(5, 0, "", '{"half":')],
  ["has lost old files, which may be moved away", linesOf(logOf(6).slice(2))],
])("contradictionOf() has nothing against a log that %s", async (_, lines) => {
  expect(await contradictionOf(back(lines), noted)).toBeUndefined();
});

test("contradictionOf() has nothing against any log when there was no entry", async () => {
  expect(await contradictionOf(back([]), NO_ENTRY)).toBeUndefined();
  expect(await contradictionOf(back(linesOf(logOf(2))), NO_ENTRY)).toBeUndefined();
});

test.each([
  ["is gone", [], "wanted 5 entries or more, found none"],
  ["was cut off", linesOf(logOf(4)), "found that it ends with 4"],
  [
    "was cut off and has gone on",
    linesOf([...logOf(3), ...logOf(7, "two").slice(3)]),
    "entry 5 with hash",
  ],
  ["was written anew", linesOf(logOf(5, "two")), `wanted entry 5 with hash ${noted.hash}`],
  ["was written anew, longer", linesOf(logOf(8, "two")), `wanted entry 5 with hash`],
  ["was changed at its end", linesOf(logOf(5).with(4, { ...noted, actor: "x" })), "its own hash"],
  ["was changed before its end", linesOf(logOf(5)).toSpliced(1, 1), "wanted entry 3 to be tied"],
  ["lacks the noted entry", linesOf(logOf(7).slice(5)), "wanted entry 5, found none before 6"],
])("contradictionOf() says that a log %s", async (_, lines, reason) => {
  expect(await contradictionOf(back(lines), noted)).toContain(reason);
});
