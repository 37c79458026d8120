import { expect, test } from "vitest";
import { canGoOn, decodeEvidence, encodeEvidence } from "../../../control/rollout/evidence-note.ts";
import type { EvidenceNote } from "../../../control/rollout/evidence-note.ts";
import { Judging } from "../../../control/rollout/judging.ts";
import { EVIDENCE_BYTES_MAX } from "../../../control/rollout/kept-evidence.ts";
import { BUCKET_COUNT } from "../../../proxy/metrics/histogram.ts";
import { armOf } from "../analysis/arms.ts";
import { rolloutOf } from "./specs.ts";

const { spec } = rolloutOf();
const STEP = { number: 1, share: 0.3, sinceMs: 0 };

/** What 40 seconds have shown, with so many endpoints and routes. */
function noteOf(places: number): EvidenceNote {
  const judging = new Judging(spec);
  const each = Array.from({ length: places }, () => ({ requests: 9, failures: 1 / 3 }));
  const counts = Array.from({ length: BUCKET_COUNT }, (_, bucket) => bucket / 3);
  const latencies = { counts, from: 0, to: BUCKET_COUNT - 1 };
  const arm = { ...armOf(9 * places, 2), latencies, endpoints: each, routes: each };
  for (let second = 0; second < 12; second += 1) {
    judging.add({ stable: arm, canary: armOf(0) }, { number: 0, share: 0, sinceMs: 0 });
  }
  for (let second = 0; second < 40; second += 1) judging.add({ stable: arm, canary: arm }, STEP);
  const endpoints = each.map(
    (_, place) => `[2001:db8:85a3:8d3:1319:8a2e:370:7348]:${60_000 + place}`,
  );
  return { id: "web-1", atMs: 5, untilS: 4, step: 1, endpoints, judging: judging.state };
}

test("decodeEvidence() gives what encodeEvidence() was given, to the last bit", () => {
  const note = noteOf(3);
  expect(decodeEvidence(encodeEvidence(note), spec)).toEqual(note);
});

test("encodeEvidence() stays far below what is kept, with all that a judge can hold", () => {
  const bytes = Buffer.byteLength(encodeEvidence(noteOf(16)));
  expect([bytes > 10_000, bytes < EVIDENCE_BYTES_MAX / 2]).toEqual([true, true]);
});

test.each(["", "{}", "null", '{"format":"sluice-evidence","formatVersion":1,"note":{}}'])(
  "decodeEvidence() does not go on with %j",
  (text) => {
    expect(decodeEvidence(text, spec)).toBeUndefined();
  },
);

test("canGoOn() is false for evidence of a judge with other bets", () => {
  const note = noteOf(2);
  const { judge } = note.judging;
  const { errors } = judge.evidence;
  const fewer = { ...errors.whole, against: errors.whole.against.slice(1) };
  const evidence = { ...judge.evidence, errors: { ...errors, without: [fewer] } };
  expect(canGoOn(note, spec)).toBe(true);
  const other = { ...note, judging: { ...note.judging, judge: { ...judge, evidence } } };
  expect(canGoOn(other, spec)).toBe(false);
  expect(decodeEvidence(encodeEvidence(other), spec)).toBeUndefined();
});
