import { expect, test } from "vitest";
import { cellsOf, runCommand } from "../../support/run-cli.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";

const ENTRIES = [
  { sequence: 7, time: "2026-01-02T03:04:05.000Z", actor: "local", action: "shift" },
  { sequence: 8, time: "2026-01-02T03:04:06.000Z", actor: "local", action: "remove" },
].map((each) => ({ ...each, service: "web", revision: each.sequence + 1 }));

test("sluice audit asks for the latest twenty and shows them in columns", async () => {
  const entries = [{ ...ENTRIES[0], reason: "Grüße ✓" }, ENTRIES[1]];
  const api = await startScriptedApi({ "GET /v1/audit?limit=20": ok({ entries }) });
  const { status, out } = await runCommand(["audit"], { SLUICE_API: api.url });
  expect(status).toBe(0);
  expect(cellsOf(out)).toEqual([
    ["NO", "TIME", "ACTOR", "ACTION", "SERVICE", "REVISION", "REASON"],
    ["7", "2026-01-02T03:04:05.000Z", "local", "shift", "web", "8", "Grüße ✓"],
    ["8", "2026-01-02T03:04:06.000Z", "local", "remove", "web", "9"],
  ]);
});

test("sluice audit --since asks for what came after; --json gives the API's answer", async () => {
  const answer = { entries: ENTRIES };
  const api = await startScriptedApi({ "GET /v1/audit?limit=2&since=6": ok(answer) });
  const args = ["audit", "--since", "6", "--limit", "2", "--json"];
  const { status, out } = await runCommand(args, { SLUICE_API: api.url });
  expect([status, JSON.parse(out)]).toEqual([0, answer]);
});

test.each([
  [{}, 0, "The chain holds: 8 entries read, 1 torn lines, last 8:c0ffee"],
  [{ brokenAt: 9 }, 1, "The chain is broken at 9: 8 entries read, 1 torn lines, last 8:c0ffee"],
])("sluice audit --verify says what it found, by its exit status too: %j", async (...row) => {
  const [broken, wanted, text] = row;
  const check = { entries: 8, torn: 1, head: { sequence: 8, hash: "c0ffee" }, ...broken };
  const api = await startScriptedApi({ "GET /v1/audit/check": ok(check) });
  const { status, out } = await runCommand(["audit", "--verify"], { SLUICE_API: api.url });
  expect([status, out]).toEqual([wanted, text]);
});

test.each([
  [true, "Accepted: the log has an entry that says so"],
  [false, "Nothing to accept: the log is what was noted of it"],
])("sluice audit --accept says why, and whether there was anything: %j", async (...row) => {
  const [accepted, text] = row;
  const api = await startScriptedApi({ "POST /v1/audit/accept": ok({ accepted }) });
  const args = ["audit", "--accept", "--reason", "a new disk"];
  const { status, out } = await runCommand(args, { SLUICE_API: api.url });
  expect([status, out]).toEqual([0, text]);
  expect(api.asked).toMatchObject([{ reason: "a new disk" }]);
});
