import { z } from "zod";
import type { ErrorTestState } from "../analysis/error-test.ts";
import type { EvidenceState } from "../analysis/evidence.ts";
import {
  OBSERVED_ENDPOINTS_MAX,
  OBSERVED_ROUTES_MAX,
} from "../../proxy/metrics/second-counters.ts";
import { IN_FLIGHT_SECONDS_MAX } from "./in-flight.ts";
import { Judging } from "./judging.ts";
import type { JudgingState } from "./judging.ts";
import type { CountedUpTo } from "./observations.ts";
import type { RolloutSpec } from "./rollout.ts";

/** Tells ours from other documents. */
const FORMAT = "sluice-evidence";

/** Raised when what evidence consists of changes: it is of no use to another judge. */
const FORMAT_VERSION = 1;

/** What was seen of a rollout, so that another sidecar can go on with it: plain data. */
export type EvidenceNote = CountedUpTo & {
  /** The rollout's. */
  readonly id: string;
  /** When it was written, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** The number of the step whose seconds came last. */
  readonly step: number;
  readonly judging: JudgingState;
};

const count = z.number().min(0);
const counts = z.object({ requests: count, failures: count });
const capital = z.object({ bets: z.array(count), reserve: z.number(), starts: z.int().min(1) });
const bound = z.object({ stable: z.int().min(0), canary: z.int().min(0), expected: z.number() });

const errorTest = z.object({
  worse: capital,
  stable: z.object({ all: counts, recent: counts }),
  against: z.array(count),
  canary: counts,
  expected: z.number(),
  variance: z.number(),
});

const latencyTest = z.object({
  test: z.object({
    more: capital,
    fewer: capital,
    canary: z.object({ requests: count, hits: count }),
  }),
  bounds: z
    .object({ slower: bound, cold: bound, noSlower: bound, likeStable: z.number() })
    .optional(),
});

const evidence = z.object({
  errors: z.object({
    whole: errorTest,
    without: z.array(errorTest).max(OBSERVED_ENDPOINTS_MAX),
    routes: z.array(errorTest).max(OBSERVED_ROUTES_MAX),
  }),
  latency: z.array(latencyTest),
  past: z.object({ counts: z.array(z.tuple([z.int().min(0), count])), total: count }),
  share: z.object({ requests: count, canary: count }),
  step: z.int().optional(),
  sinceStartS: count,
  sinceAimS: count,
});

const tally = z.object({
  step: z.int().optional(),
  weight: z.number().min(0).max(1),
  stepS: count,
  totalS: count,
  canary: count,
  stable: count,
  recent: z.array(count),
});

const taken = z.array(z.object({ requests: count, ms: count })).max(IN_FLIGHT_SECONDS_MAX);
const inFlight = z.object({ stable: taken, canary: taken, peak: count });

/** The same as stores and logs hold it. */
export const evidenceNoteSchema = z.object({
  id: z.string(),
  atMs: count,
  untilS: z.int().min(0),
  endpoints: z.array(z.string()).max(OBSERVED_ENDPOINTS_MAX),
  step: z.int().min(0),
  judging: z.object({
    judge: z.object({ evidence, tally }),
    watchedS: count,
    canary: z.object({ step: z.int(), requests: count }),
    ageS: count.optional(),
    carried: z.object({ inFlight, stableMax: count }).optional(),
  }),
});

const documentSchema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.literal(FORMAT_VERSION),
  note: evidenceNoteSchema,
});

/** As a document. */
export function encodeEvidence(note: EvidenceNote): string {
  return JSON.stringify({ format: FORMAT, formatVersion: FORMAT_VERSION, note });
}

/** undefined: nothing that this version can go on with. */
export function decodeEvidence(text: string, spec: RolloutSpec): EvidenceNote | undefined {
  try {
    const { note } = documentSchema.parse(JSON.parse(text));
    return canGoOn(note, spec) ? note : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this version's judge has as many bets and limits: otherwise it cannot go on with it. */
export function canGoOn({ judging }: EvidenceNote, spec: RolloutSpec): boolean {
  const ours = new Judging(spec).state.judge.evidence;
  const { errors, latency } = judging.judge.evidence;
  const tests = [errors.whole, ...errors.without, ...errors.routes];
  const wanted = sizesOf(ours.errors.whole);
  const areErrors = tests.every((each) => sizesOf(each) === wanted);
  return areErrors && latencySizes(latency) === latencySizes(ours.latency);
}

function sizesOf({ worse, against }: ErrorTestState): string {
  return `${worse.bets.length} ${against.length}`;
}

function latencySizes(latency: EvidenceState["latency"]): string {
  return latency.map(({ test }) => `${test.more.bets.length} ${test.fewer.bets.length}`).join(", ");
}
