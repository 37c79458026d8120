import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Clock } from "../../proxy/base/clock.ts";
import type { LogDial, LogLevel } from "../../proxy/base/log-level.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { ObservationQuestion, ObservedSeconds } from "../../proxy/metrics/second-counts.ts";
import type { WorkerStats } from "../../proxy/metrics/stats.ts";
import type { VersionName } from "../../proxy/messages/messages.ts";
import type { Audit } from "../records/audit.ts";
import type { FleetMember } from "../registry/sidecar-fleet.ts";
import type { FleetCounts } from "../fleet/fleet-counts.ts";
import type { OwnCounts } from "../fleet/own-counts.ts";
import type { Events } from "../records/events.ts";
import type { MigrationAction } from "../migrations/migrations.ts";
import type { Rollouts } from "../rollout/rollouts.ts";
import type { OpenTotals } from "../migrations/open-totals.ts";
import type { FiltersInForce } from "../views/filter-view.ts";
import type { Lately } from "../views/problems-view.ts";
import type { Services } from "../table/services.ts";
import type { Asker, WriteContext } from "../table/table-sink.ts";
import type { CertificateStatus } from "../tls/certificate-status.ts";
import type { CertificateReload } from "../tls/certificate-reload.ts";
import type { SwapReport } from "../workers/swap.ts";
import type { MigrationView } from "../migrations/version-migration.ts";
import type { ApiTls } from "./api-tls.ts";
import type { Access } from "./auth/access.ts";
import type { RefusedCalls } from "./auth/refused-calls.ts";
import type { TrafficPast } from "./traffic-past.ts";

/** What the API wants to know of the workers. */
export interface WorkersView {
  /**
   * What every worker counts, including workers that are gone, so that sums only grow. Rejects,
   * naming the worker, when one does not answer.
   */
  stats(): Promise<readonly WorkerStats[]>;
  /** How many workers had to be replaced since the start. */
  readonly restarts: number;
  /** Process ids of those that live. */
  readonly pids: readonly number[];
}

/** What the API wants to know of traces. */
export interface SpansView {
  /** By what became of them. */
  readonly counts: Readonly<Record<string, number>>;
}

/** What the API wants to know and do about versions that traffic is leaving. */
export interface MigrationsView {
  /** Where a version's migration stands. undefined: there is none. */
  view(name: VersionName): MigrationView | undefined;
  /** What is under way at each version. */
  open(): Promise<OpenTotals>;
  /** @throws ControlError no_migration */
  act(name: VersionName, action: MigrationAction): MigrationView;
}

/** What the API wants to know of the registry that tells this sidecar of endpoints and tables. */
export interface RegistryView {
  /** What may be out of date besides the table, and why. Empty: nothing is. */
  readonly stale: readonly string[];
  /** How long ago it was last confirmed, in milliseconds. 0: it is current. */
  stalenessMs(): number;
  /** undefined: the table is not shared. */
  readonly fleet: FleetView | undefined;
  /** Absent: the table is not shared. */
  readonly shared?: SharedTableView | undefined;
}

/** What the API wants to know of a shared table, and may do with it. */
export interface SharedTableView {
  /** Why the audit log is not kept, or not what it was. undefined: nothing is known against it. */
  readonly auditProblem: string | undefined;
  /** Which other sidecars do not follow it. undefined: none, as far as is known. */
  readonly fleetProblem?: string | undefined;
  /** Says that somebody knows why. false: it was what it was. @throws AuditError */
  acceptAudit(by: Asker, revision: number): Promise<boolean>;
  readonly store: {
    /** How many tables of others were not followed, by why. */
    readonly refusals: ReadonlyMap<string, number>;
    /**
     * Writes the last good table again; `isSigned` false: without a signature.
     * @throws NoSigningKeyError, SignatureDemandedError, RevisionConflictError, StoreError
     */
    rewrite(isSigned: boolean): Promise<{ readonly revision: number; readonly isSigned: boolean }>;
  };
}

/** What the API wants to know of the sidecars that share the table. */
export interface FleetView {
  /** Those that live. @throws ConsulError */
  members(): Promise<readonly FleetMember[]>;
  /** Those that do not act on a revision within `timeoutMs`. @throws ConsulError */
  whoLags(revision: number, timeoutMs: number): Promise<readonly FleetMember[]>;
}

/** What the API wants to know and do about certificates. */
export interface CertificatesView {
  /** Everything that is in use or should be. */
  status(): readonly CertificateStatus[];
  /** Reads all files again. @throws BusyError */
  reload(): Promise<CertificateReload>;
}

/** What the API may ask of the sidecar as a whole. */
export interface SidecarControl {
  /** Starts to drain; a second call changes nothing. */
  drain(by: Asker): void;
  readonly draining: boolean;
  /**
   * Reads the configuration file again; with `plan`, only says what that would do. The report says
   * in JSON what happened. `restore`: services to put back as the file has them; `*`: all.
   */
  reload(
    options: { readonly plan: boolean; readonly restore: readonly string[] } & Omit<
      WriteContext,
      "ifMatch" | "permit"
    >,
  ): Promise<object>;
  /** Replaces the workers' code, with `release` by that of another folder. @throws SwapError. */
  swap(options: {
    readonly release?: string | undefined;
    readonly trialMs: number;
    readonly by: Asker;
    readonly signal?: AbortSignal;
  }): Promise<SwapReport>;
  /** Starts a new process in this one's place. @throws SwapError, EndsServiceError. */
  upgrade(options: {
    readonly release: string | undefined;
    readonly force: boolean;
    readonly by: Asker;
  }): Promise<{ readonly pid: number; readonly replaced: number }>;
  /** How reading the configuration went: when it last did, since 1970, and whether the last did. */
  readonly reloads: { readonly lastSuccessMs: number; readonly isSuccessful: boolean };
  /** Whether this sidecar should get traffic; if not, why. */
  readonly ready: { readonly ok: boolean; readonly reasons: readonly string[] };
}

/** From which level on the log is written, and how to change that. */
export type LogControl = {
  readonly dial: Pick<LogDial, "level">;
  readonly setLevel: (level: LogLevel) => Promise<void>;
};

/** Everything that the control API stands on. */
export type ApiDeps = {
  readonly access: Access;
  /** undefined: the API speaks HTTP in clear. */
  readonly tls?: ApiTls | undefined;
  /** Takes note of calls that are refused, and counts all. */
  readonly calls: RefusedCalls;
  readonly services: Services;
  readonly events: Events;
  readonly audit: Audit;
  readonly workers: WorkersView;
  readonly spans: SpansView;
  /** How traffic went lately. It is begun and ended with the API. */
  readonly past: Pick<TrafficPast, "run" | "of" | "end">;
  /** What is known without asking anybody. */
  readonly lately: () => Lately;
  readonly filters: FiltersInForce;
  readonly migrations: MigrationsView;
  readonly rollouts: Rollouts;
  readonly certificates: CertificatesView;
  readonly sidecar: SidecarControl;
  /** undefined: the configuration names none. */
  readonly registry?: RegistryView | undefined;
  /**
   * Why the table in force may not be the stored one, or cannot be stored. undefined: neither.
   * Absent: nobody knows.
   */
  readonly storeProblem?: (() => string | undefined) | undefined;
  readonly log: Log;
  readonly logging: LogControl;
  /** Histograms of `/metrics` have four bounds for each power of two. */
  readonly hasFineBuckets: boolean;
  readonly clock: Clock;
  /** What this sidecar has counted. */
  /** Asks the workers of this sidecar what versions do by the second. @throws WorkerError */
  readonly ownSeconds: (question: ObservationQuestion) => Promise<ObservedSeconds>;
  readonly ownCounts: Pick<OwnCounts, "of" | "sidecar">;
  /** undefined: the table is not shared. */
  readonly fleetCounts: Pick<FleetCounts, "collect"> | undefined;
  /** `version`: of this program, such as `0.1.0`. */
  readonly build: { readonly version: string };
};

/** A fastify instance whose route schemas are zod's. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** How it is known what versions do. */
export type CountsDeps = Pick<ApiDeps, "ownCounts" | "ownSeconds" | "fleetCounts" | "past">;
