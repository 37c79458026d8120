import type { FilterPreparation, FilterRefusalReport } from "../table/filter-spec.ts";
import type { Intentions } from "../intentions/intentions.ts";
import type { LogLevel } from "../base/log-level.ts";
import type { AccessLogSpec } from "../table/access-log-spec.ts";
import type { ListenerSnapshot, TableChange } from "../table/snapshot.ts";
import type { TlsMaterial } from "../table/tls.ts";
import type { HandedConnection } from "./handed-connection.ts";
import type { ObservationQuestion, ObservedSeconds } from "../metrics/second-counts.ts";
import type { PoolStats } from "../metrics/pool-stats.ts";
import type { WorkerStats } from "../metrics/stats.ts";

/**
 * The generation of everything below, and of what workers hand to each other. It goes up by one
 * whenever an older or newer process would misread it. A swap to code of another generation is
 * refused.
 */
export const PROTOCOL = 8;

/**
 * What the primary and a worker say to each other over the IPC channel. The primary numbers its
 * questions with `id`; a worker answers each exactly once and in order. A `listen` carries the
 * bound listening socket as the message's handle.
 */
export type ToWorker =
  | { readonly kind: "listen"; readonly id: number; readonly listener: ListenerSnapshot }
  | { readonly kind: "unlisten"; readonly id: number; readonly bind: string }
  /** All certificates, keys and roots from now on; a refusal names their ids and nothing else. */
  | { readonly kind: "tls"; readonly id: number; readonly material: TlsMaterial }
  /** What services of the mesh may; undefined: nothing, as it is not known. */
  | {
      readonly kind: "intentions";
      readonly id: number;
      readonly intentions: Intentions | undefined;
    }
  /** From which level on the log is written. */
  | { readonly kind: "logLevel"; readonly id: number; readonly level: LogLevel }
  /** What is told of each request from now on; the file is opened anew. undefined: nothing. */
  | {
      readonly kind: "accessLog";
      readonly id: number;
      readonly spec: AccessLogSpec | undefined;
    }
  /**
   * Every exchange gets a trace from now on. `ratio`: the part that is sampled where no trusted
   * peer decides, 0 … 1; undefined: none gets any.
   */
  | { readonly kind: "tracing"; readonly id: number; readonly ratio: number | undefined }
  /** `filters`: a preparation that comes into force with the change. Absent: none does. */
  | {
      readonly kind: "table";
      readonly id: number;
      readonly change: TableChange;
      readonly filters?: number | undefined;
    }
  /** Load filters beside those in force; requests do not notice. */
  | {
      readonly kind: "prepareFilters";
      readonly id: number;
      readonly preparation: FilterPreparation;
    }
  /** Go back to the filters before the preparation of this number came into force. */
  | { readonly kind: "revertFilters"; readonly id: number; readonly number: number }
  /** `inPortions`: the answer may come in several. Absent: whoever asks wants it in one. */
  | { readonly kind: "stats"; readonly id: number; readonly inPortions?: boolean }
  /** What versions did by the second; from now on until nobody asks any more. */
  | { readonly kind: "observe"; readonly id: number; readonly question: ObservationQuestion }
  /**
   * Stop accepting and give every connection away, each in a `connection` with its handle. What
   * cannot be given away ends on these terms, but for exchanges, which take as long as they take.
   */
  | ({ readonly kind: "handOver"; readonly id: number } & LeavingTerms)
  /** Give some connections to another worker. Answered when they are gone, or no more can go. */
  | ({ readonly kind: "share"; readonly id: number } & ShareTerms)
  /** A socket that this worker gave away has been taken over, or is lost. */
  | { readonly kind: "taken"; readonly id: number }
  /** Take over a connection that another worker gave away; it is the message's handle. */
  | { readonly kind: "adopt"; readonly id: number; readonly connection: HandedConnection }
  /** What is under way, by version, kind and age. */
  | { readonly kind: "open"; readonly id: number }
  /** Begin a migration, or continue it on these terms. Answered with its progress. */
  | { readonly kind: "migrate"; readonly id: number; readonly order: MigrationOrder }
  /** End a migration: what is left stays. */
  | ({ readonly kind: "migrateStop"; readonly id: number } & VersionName)
  /** Stop accepting and let everything end on these terms. Answered when nothing is left. */
  | ({ readonly kind: "drain"; readonly id: number } & DrainTerms);

/** What a worker says: an answer to a question, by its `id`, or something that happened. */
export type FromWorker =
  /** The worker's code is loaded and it takes messages. */
  | { readonly kind: "started"; readonly protocol: number }
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number; readonly message: string }
  /** Services that `stats` of the same id, which is still to come, does not tell of. */
  | { readonly kind: "statsPortion"; readonly id: number; readonly stats: PoolStats }
  | { readonly kind: "stats"; readonly id: number; readonly stats: WorkerStats }
  | { readonly kind: "observed"; readonly id: number; readonly observed: ObservedSeconds }
  /** The filters of the question were dealt with; these of them cannot be used. */
  | {
      readonly kind: "filters";
      readonly id: number;
      readonly refusals: readonly FilterRefusalReport[];
    }
  | { readonly kind: "open"; readonly id: number; readonly versions: readonly OpenCounts[] }
  | { readonly kind: "migrating"; readonly id: number; readonly progress: MigrationProgress }
  /** A connection that leaves this worker; it is the message's handle. */
  | { readonly kind: "connection"; readonly connection: HandedConnection }
  | { readonly kind: "event"; readonly event: WorkerEvent }
  | ({ readonly kind: "spans" } & SpanReport);

/** A version of a service. */
export type VersionName = { readonly service: string; readonly version: string };

/** Classes of age, each up to its bound; the last has none. In the order of AGE_BOUNDS_MS. */
export const AGE_CLASSES = ["under1m", "under10m", "under1h", "older"] as const;
export const AGE_BOUNDS_MS = [60_000, 600_000, 3_600_000, Infinity] as const;

/** Counts by AGE_CLASSES index. */
export type AgeCounts = readonly number[];

/** What is under way, by kind. */
export type WorkCounts = { readonly tunnel: AgeCounts; readonly exchange: AgeCounts };

/** What is under way at a version in one worker. */
export type OpenCounts = VersionName & WorkCounts;

/** At what rate connections end. Times count from the beginning. */
export type LeavingTerms = {
  /** This worker's part of the rate, in connections a second. 0: none for now. */
  readonly perSecond: number;
  /** Part of its turn within which each end falls at random, 0 … 1. */
  readonly jitter: number;
  /**
   * By then all idle connections have closed, faster than the rate if need be; in a drain and a
   * migration exchanges that have been under way for this long are ended from then on.
   */
  readonly softMs: number;
};

/** Which connections go to which worker. */
export type ShareTerms = {
  /** Most connections to give, at least 1. */
  readonly count: number;
  /** The process id of the worker that has fewer. */
  readonly to: number;
};

/** How a worker ends what it has open. */
export type DrainTerms = LeavingTerms & {
  /** From then on everything that is left is cut. */
  readonly hardMs: number;
};

/** The terms of a migration. */
export type MigrationTerms = DrainTerms & {
  /**
   * How often it was begun or resumed; with each one the count of failed reconnects starts again.
   */
  readonly attempt: number;
  readonly paused: boolean;
  /** Time since it began. It ignores what is younger; -Infinity: it ignores nothing. */
  readonly ageMs: number;
  /** Time since it began, without pauses: softMs and hardMs are compared with this. */
  readonly activeMs: number;
  /** Stops by itself above this part of failed WebSocket handshakes, from `reconnectsMin` on. */
  readonly failedPercentMax: number;
  readonly reconnectsMin: number;
};

/** A migration as it should be. The primary keeps repeating this: the last one counts. */
export type MigrationOrder = VersionName & MigrationTerms;

/** Where a migration stands in one worker. */
export type MigrationProgress = {
  /** What is left of what it covers, including those in `closing`. */
  readonly left: WorkCounts;
  /** Tunnels that have been asked to end but have not ended yet. */
  readonly closing: number;
  /** Ended by it so far. */
  readonly closed: number;
  /** WebSocket handshakes at the service in this attempt, and those that failed. */
  readonly reconnects: number;
  readonly reconnectsFailed: number;
  /** It stopped by itself in this attempt: too many of them failed. */
  readonly stopped: boolean;
};

/** What a worker reports by itself. */
export type WorkerEvent =
  | {
      readonly kind: "ejection";
      readonly service: string;
      readonly version: string;
      readonly endpoint: string;
      readonly forMs: number;
      readonly failures: number;
    }
  | {
      readonly kind: "readmission";
      readonly service: string;
      readonly version: string;
      readonly endpoint: string;
    }
  | {
      /** So few of a version's endpoints are usable that all are used, or not any more. */
      readonly kind: "panic" | "panic-ended";
      readonly service: string;
      readonly version: string;
      readonly usable: number;
      readonly endpoints: number;
    };

/** Spans that leave a worker. */
export type SpanReport = {
  /** As JSON of OTLP, with commas between them. */
  readonly spans: string;
  readonly count: number;
  /** How many were dropped since the last report: there was no room. */
  readonly dropped: number;
};
