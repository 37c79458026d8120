import type { Clock } from "../../proxy/base/clock.ts";
import { CLOCKS_APART_MAX_S } from "./counted-seconds.ts";
import type { DecisionLog } from "./decision-log.ts";
import { canGoOn } from "./evidence-note.ts";
import type { EvidenceNote } from "./evidence-note.ts";
import { Judging } from "./judging.ts";
import type { KeptEvidence } from "./kept-evidence.ts";
import { secondOf } from "./look-entry.ts";
import type { LookEntry } from "./look-entry.ts";
import type { CountedUpTo } from "./observations.ts";
import type { Rollout } from "./rollout.ts";

/** What was seen longer ago says nothing of the processes that run now. */
const EVIDENCE_KEPT_MS = 600_000;

/** What whoever begins to lead a rollout knows of it. */
export type Recalled = {
  readonly judging: Judging;
  /** This sidecar's own log, what another one has kept, or nothing. */
  readonly from: "log" | EvidenceNote | undefined;
  /** Where counting goes on. undefined: with the next second. */
  readonly after: CountedUpTo | undefined;
};

/** What finding it works with. */
export type RecallDeps = {
  readonly decisions: DecisionLog;
  readonly evidence: KeptEvidence;
  readonly clock: Clock;
};

/**
 * Finds what was seen of a rollout before: in the log of decisions here, or in what another one
 * that has led it has kept, whichever is later. No second counts twice: a note says up to which one
 * it is, and counting goes on after that. Never rejects.
 */
export async function recall(rollout: Rollout, deps: RecallDeps): Promise<Recalled> {
  const [past, note] = await Promise.all([
    deps.decisions.pastOf(rollout),
    deps.evidence.of(rollout),
  ]);
  const nowMs = deps.clock.wallMs();
  const lastMs = past.at(-1)?.atMs ?? -Infinity;
  const found = (): Omit<Recalled, "judging"> & { readonly judging?: Judging } => {
    if (note !== undefined && note.atMs > lastMs && isOfUse(note, rollout, nowMs)) {
      const judging = new Judging(rollout.spec, note.judging);
      return { judging, from: note, after: afterNote(note, rollout, nowMs) };
    }
    const isLate = nowMs - lastMs > EVIDENCE_KEPT_MS;
    if (isLate || !canFold(past, rollout)) return { from: undefined, after: undefined };
    return { judging: folded(past, rollout), from: "log", after: placesOf(past, nowMs) };
  };
  const { judging = new Judging(rollout.spec), ...rest } = found();
  judging.begin(rollout.step);
  return { judging, ...rest };
}

/** One of another step, or of a clock that is far from ours, may be of other seconds. */
function isOfUse({ atMs, untilS, step }: EvidenceNote, rollout: Rollout, nowMs: number): boolean {
  if (step > rollout.step.number || nowMs - atMs > EVIDENCE_KEPT_MS) return false;
  return untilS <= secondOfMs(nowMs) + CLOCKS_APART_MAX_S;
}

/** Seconds between the note and now may be of another weight, unless the step is the same. */
function afterNote(note: EvidenceNote, { step }: Rollout, nowMs: number): CountedUpTo {
  const { endpoints, untilS } = note;
  if (note.step === step.number) return { untilS, endpoints };
  return { untilS: Math.max(untilS, secondOfMs(nowMs)), endpoints };
}

/** Whether it begins with something that this version's judge can go on with. */
function canFold([first]: readonly LookEntry[], { spec }: Rollout): boolean {
  if (first?.kind !== "begin") return false;
  return first.evidence === undefined || canGoOn(first.evidence, spec);
}

function folded(past: readonly LookEntry[], { spec }: Rollout): Judging {
  const [first] = past;
  const before = first?.kind === "begin" ? first.evidence?.judging : undefined;
  const judging = new Judging(spec, before);
  for (const entry of past) {
    if (entry.kind !== "look") continue;
    for (const second of entry.seconds) judging.add(secondOf(second), second.step);
  }
  return judging;
}

/** Endpoints keep their places in the evidence; which seconds there were is not in the log. */
function placesOf(past: readonly LookEntry[], nowMs: number): CountedUpTo {
  const known = past.flatMap((each) =>
    each.kind === "begin" ? [each.evidence?.endpoints ?? []] : [each.endpoints ?? []],
  );
  const endpoints = known.findLast((each) => each.length > 0) ?? [];
  return { untilS: secondOfMs(nowMs), endpoints };
}

function secondOfMs(ms: number): number {
  return Math.floor(ms / 1_000);
}
