import { expect, test } from "vitest";
import { changeLines } from "../../../control/page/changes.ts";

const event = { id: 7, time: "2026-01-01T00:00:00Z" };

test("changeLines() say who did what, and why", () => {
  const lines = changeLines([
    { ...event, kind: "revision", action: "shift", revision: 6, actor: "local", reason: "ok" },
    { ...event, kind: "shift", revision: 6, before: { v1: 100 }, after: { v1: 90, v2: 10 } },
    {
      ...event,
      kind: "shift",
      revision: 5,
      before: { v1: 9000, v2: 1000 },
      after: { v1: 7, v2: 1 },
    },
    {
      ...event,
      kind: "revision",
      action: "put",
      actor: "token:ci",
      revision: 8,
      reason: "release",
    },
    { ...event, kind: "rollout", phase: "aborted", share: 0, text: "too many errors" },
    { ...event, kind: "health", endpoint: "a:1", healthy: false, reason: "timeout" },
    { ...event, kind: "ejection", endpoint: "a:1", failures: 5 },
    { ...event, kind: "panic", version: "v1", usable: 1, endpoints: 3 },
    { ...event, kind: "drain", scope: "version" },
  ]).map(({ who, what, text }) => [who, what, text].join("|"));
  expect(lines).toEqual([
    "local|shift|v1=100 → v1=90 v2=10: ok",
    "|shift|v1=90% v2=10% → v1=87.5% v2=12.5%",
    "token:ci|put|→ revision 8: release",
    "|rollout|aborted, 0 %: too many errors",
    "|health|a:1 unhealthy: timeout",
    "|ejection|a:1 after 5 failures",
    "|panic|v1: 1 of 3 usable",
  ]);
});
