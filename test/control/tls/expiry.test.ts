import { describe, expect, test } from "vitest";
import { ExpiryAlarms, stageOf } from "../../../control/tls/expiry.ts";
import type { CertificateFacts } from "../../../control/tls/certificate-facts.ts";

const DAY_MS = 86_400_000;

function facts(notBeforeMs: number, notAfterMs: number, fingerprint = "a"): CertificateFacts {
  return { subject: "", issuer: "", notBeforeMs, notAfterMs, fingerprint };
}

test.each([
  [-1, "early"],
  [0, "fine"],
  [60, "fine"],
  [61, "expires"],
  [90, "expires"],
  [91, "expired"],
])("stageOf() at %i of a life of 90 is %s", (nowMs, stage) => {
  expect(stageOf(facts(0, 90), nowMs)).toBe(stage);
});

describe("ExpiryAlarms", () => {
  const life = new Map([["a", facts(0, 90 * DAY_MS)]]);
  const days = (alarms: ExpiryAlarms, ...all: readonly number[]): readonly string[] =>
    all.flatMap((day) =>
      alarms.due(life, day * DAY_MS).map(({ id, stage }) => `${day} ${id} ${stage}`),
    );

  test("tell once when a third is left, each day from then on, and at the end", () => {
    const alarms = new ExpiryAlarms();
    expect(days(alarms, 0, 59, 60.1, 60.2, 61, 61.1, 61.2, 89.9, 90.1, 90.2, 91.1)).toEqual([
      "60.1 a expires",
      "61.1 a expires",
      "89.9 a expires",
      "90.1 a expired",
      "91.1 a expired",
    ]);
  });

  test("tell of another certificate under the same id anew, and of none that is renewed", () => {
    const alarms = new ExpiryAlarms();
    const at = (each: CertificateFacts): number => alarms.due(new Map([["a", each]]), 80).length;
    expect([at(facts(0, 90)), at(facts(0, 90)), at(facts(0, 100, "b"))]).toEqual([1, 0, 1]);
    expect([at(facts(50, 900, "c")), at(facts(0, 90))]).toEqual([0, 1]);
  });
});
