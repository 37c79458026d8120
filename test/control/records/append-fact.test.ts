import { expect, test } from "vitest";
import { appendFact } from "../../../control/records/append-fact.ts";
import { Audit } from "../../../control/records/audit.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { jsonLog } from "../../../proxy/base/log.ts";

const about = { actor: "token:ci", action: "put", service: "web", reason: undefined, revision: 7 };
const fact = { ...about, before: undefined, after: { secret: "not for a log" } };

function newLog() {
  const lines: string[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => 0,
  );
  return { lines, log };
}

test("appendFact() adds it, and says nothing", async () => {
  const audit = await Audit.open({ clock: new ManualClock() });
  const { lines, log } = newLog();
  expect(await appendFact({ audit, log }, fact)).toBe(true);
  expect([audit.head?.sequence, lines]).toEqual([1, []]);
});

test("appendFact() tells of a disk that is full, without what the fact holds", async () => {
  const { lines, log } = newLog();
  const audit = { append: () => Promise.reject(new Error("ENOSPC")) };
  expect(await appendFact({ audit, log }, fact)).toBe(false);
  const { reason: _reason, ...told } = about;
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ ...told, error: "ENOSPC" });
  expect(lines.join()).not.toContain("not for a log");
});
