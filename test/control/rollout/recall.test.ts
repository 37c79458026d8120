import { expect, test } from "vitest";
import type { DecisionLog } from "../../../control/rollout/decision-log.ts";
import type { EvidenceNote } from "../../../control/rollout/evidence-note.ts";
import { Judging } from "../../../control/rollout/judging.ts";
import { KeptEvidence } from "../../../control/rollout/kept-evidence.ts";
import { rolloutState, secondEntry } from "../../../control/rollout/look-entry.ts";
import type { LookEntry } from "../../../control/rollout/look-entry.ts";
import { recall } from "../../../control/rollout/recall.ts";
import type { Recalled } from "../../../control/rollout/recall.ts";
import { MemoryDocuments } from "../../../control/store/memory-documents.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { armOf } from "../analysis/arms.ts";
import { rolloutOf } from "./specs.ts";

const START_MS = new ManualClock().wallMs();
const STEP = { number: 1, share: 0.1, sinceMs: START_MS };
const ROLLOUT = { ...rolloutOf(), step: STEP };
const SECOND = { stable: armOf(90), canary: armOf(10) };

/** What so many seconds have shown. */
function judgingOf(seconds: number): Judging {
  const judging = new Judging(ROLLOUT.spec);
  for (let second = 0; second < seconds; second += 1) judging.add(SECOND, STEP);
  return judging;
}

/** Another one's, of 7 seconds. */
function noteAt(atMs: number, differs: Partial<EvidenceNote> = {}): EvidenceNote {
  const untilS = Math.floor(atMs / 1_000) - 1;
  const { state: judging } = judgingOf(7);
  return { id: ROLLOUT.id, atMs, untilS, step: 1, endpoints: ["b:1"], judging, ...differs };
}

/** What this sidecar's log has of 5 seconds. */
function loggedAt(atMs: number): readonly LookEntry[] {
  const seconds = Array.from({ length: 5 }, () => secondEntry(SECOND, STEP));
  const decision = { kind: "hold", why: ROLLOUT.why } as const;
  const unseen = { table: undefined, frozen: undefined, blindMs: 0, blindFor: undefined };
  const seen = { seconds, endpoints: ["a:1"], ...unseen, decision };
  return [
    { kind: "begin", atMs: START_MS, rollout: ROLLOUT },
    { kind: "look", atMs, id: ROLLOUT.id, state: rolloutState(ROLLOUT), ...seen },
  ];
}

/** What is known 30 s after the rollout has begun. */
async function recalled(
  note: EvidenceNote | undefined,
  past: readonly LookEntry[] = [],
  afterMs = 30_000,
): Promise<Recalled> {
  const clock = new ManualClock();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const evidence = new KeptEvidence(new MemoryDocuments(), { clock, log });
  if (note !== undefined) await evidence.keep("web", () => note);
  await clock.advance(afterMs);
  const decisions: DecisionLog = { note: () => undefined, pastOf: async () => past };
  return recall(ROLLOUT, { decisions, evidence, clock });
}

test("recall() knows nothing where nothing is", async () => {
  const { judging, from, after } = await recalled(undefined);
  expect([judging.canaryRequests, from, after]).toEqual([0, undefined, undefined]);
});

test("recall() takes the log, or what another one has kept, whichever is later", async () => {
  const logged = loggedAt(START_MS + 20_000);
  const own = await recalled(noteAt(START_MS + 10_000), logged);
  expect([own.judging.canaryRequests, own.from, own.after?.endpoints]).toEqual([
    50,
    "log",
    ["a:1"],
  ]);
  const note = noteAt(START_MS + 25_000);
  const others = await recalled(note, logged);
  expect(others.judging.canaryRequests).toBe(70);
  expect(others.from).toEqual(JSON.parse(JSON.stringify(note)));
  expect(others.after).toEqual({ untilS: START_MS / 1_000 + 24, endpoints: ["b:1"] });
});

test("recall() counts on from now when the step is another one", async () => {
  const { after, judging } = await recalled(noteAt(START_MS + 25_000, { step: 0 }));
  expect([after?.untilS, judging.canaryRequests]).toEqual([START_MS / 1_000 + 30, 70]);
});

test.each([
  ["of a step that is not there yet", { step: 2 }, 30_000],
  ["of a clock that is far ahead", { untilS: START_MS / 1_000 + 34 }, 30_000],
  ["of long ago", {}, 630_000],
])("recall() goes on with nothing %s", async (_what, differs, afterMs) => {
  const { from } = await recalled(noteAt(START_MS + 25_000, differs), [], afterMs);
  expect(from).toBeUndefined();
});
