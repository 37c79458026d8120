import type { Clock } from "../../proxy/base/clock.ts";
import type {
  FromWorker,
  MigrationOrder,
  MigrationProgress,
  VersionName,
  WorkCounts,
} from "../../proxy/messages/messages.ts";
import type { DrainPolicy } from "../config/service.ts";
import { JITTER } from "../workers/drain-workers.ts";
import type { Events } from "../records/events.ts";
import { aboutVersion } from "../records/sluice-event.ts";
import { partsOf } from "../workers/rate-parts.ts";
import type { Question } from "../workers/worker-process.ts";
import { pause } from "../../proxy/base/clock.ts";

/** How often to ask for progress, report it and divide the rate again. */
const ROUND_MS = 1_000;
/** The shortest time between two rounds, towards the end. */
const ROUND_MIN_MS = 50;

/**
 * A migration stops by itself when more than this share of WebSocket handshakes fails, once there
 * are enough of them to tell an outage from a client that cannot log in.
 */
const FAILED_PERCENT_MAX = 50;
const RECONNECTS_MIN = 20;

/** The workers, as migrations see them. */
export interface AskedWorkers {
  askEach(question: (pid: number) => Question): Promise<ReadonlyMap<number, FromWorker>>;
}

/** What migrations work with. */
export type VersionMigrationDeps = {
  readonly workers: AskedWorkers;
  readonly events: Events;
  readonly clock: Clock;
};

/** Where a migration stands. */
export type MigrationView = {
  /** stopped: by itself, until somebody resumes or ends it. */
  readonly state: "running" | "stopped";
  /** Why it stopped. */
  readonly reason?: string;
  /** What is left, by kind. */
  readonly left: { readonly tunnel: number; readonly exchange: number };
  /** Connections that it has ended so far. */
  readonly closed: number;
  /** Absent while it is stopped, and before the workers have said what they hold. */
  readonly timeLeftMs?: number;
};

/**
 * Why a migration ends: nothing is left, the version is in use again, somebody ended it, or we end.
 */
export type MigrationEnd = "done" | "back" | "stopped" | "closing";

/**
 * The migration of one version, over all workers: divides the rate among them by what each holds,
 * and asks every second how far they are.
 */
export class VersionMigration {
  readonly name: VersionName;
  /** May change under way. */
  policy: DrainPolicy;
  readonly #deps: VersionMigrationDeps;
  readonly #beganMs: number;
  /** Of the workers that answered last. */
  #progress: ReadonlyMap<number, MigrationProgress> = new Map();
  #progressMs = 0;
  /** By pid, of workers that are gone too. */
  readonly #closed = new Map<number, number>();
  #attempt = 1;
  #stoppedFor: string | undefined;
  /** Time under way up to the last change between running and stopped. */
  #activeMs = 0;
  #activeSinceMs: number;
  #end: MigrationEnd | undefined;
  #nap = new AbortController();
  readonly #ended = Promise.withResolvers<void>();

  constructor(name: VersionName, policy: DrainPolicy, deps: VersionMigrationDeps) {
    this.name = name;
    this.policy = policy;
    this.#deps = deps;
    this.#beganMs = deps.clock.nowMs();
    this.#activeSinceMs = this.#beganMs;
  }

  /** Resolves when no worker carries it on. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Carries it out. Resolves when it has ended. Never rejects. */
  async run(): Promise<void> {
    const { workers, clock, events } = this.#deps;
    const about = aboutVersion(this.name);
    // The first round only asks: nobody knows yet who holds how much.
    await this.#round();
    while (this.#end === undefined) {
      await this.#round();
      if (this.#end !== undefined) break;
      events.emit({ kind: "drain", scope: "version", ...about, ...this.view() });
      await pause(clock, this.#napMs(), this.#nap.signal);
      this.#nap = new AbortController();
    }
    const { name } = this;
    if (this.#end !== "closing") await workers.askEach(() => ({ kind: "migrateStop", ...name }));
    const { left, closed } = this.view();
    events.emit({ kind: "drain", scope: "version", ...about, state: this.#end, left, closed });
    this.#ended.resolve();
  }

  /** Ends it: what is left stays. */
  end(why: MigrationEnd): void {
    this.#end ??= why;
    this.#nap.abort();
  }

  /** Resumes after it has stopped by itself, counting failed reconnects from now on. */
  resume(): void {
    if (this.#stoppedFor === undefined) return;
    this.#stoppedFor = undefined;
    this.#attempt += 1;
    this.#activeSinceMs = this.#deps.clock.nowMs();
    this.#nap.abort();
  }

  /** Where it stands, according to the workers' last answers. */
  view(): MigrationView {
    const left = this.#left();
    const closed = [...this.#closed.values()].reduce((sum, each) => sum + each, 0);
    if (this.#stoppedFor !== undefined) {
      return { state: "stopped", reason: this.#stoppedFor, left, closed };
    }
    const isKnown = this.#progress.size > 0;
    return {
      state: "running",
      left,
      closed,
      ...(isKnown ? { timeLeftMs: this.#timeLeftMs() } : {}),
    };
  }

  async #round(): Promise<void> {
    const rates = this.#rates();
    const answers = await this.#deps.workers.askEach((pid) => ({
      kind: "migrate",
      order: this.#order(rates.get(pid) ?? 0),
    }));
    const progress = [...answers].flatMap(([pid, answer]) =>
      answer.kind === "migrating" ? [[pid, answer.progress] as const] : [],
    );
    this.#progress = new Map(progress);
    this.#progressMs = this.#deps.clock.nowMs();
    for (const [pid, { closed }] of progress) this.#closed.set(pid, closed);
    this.#watch();
    const { tunnel, exchange } = this.#left();
    // Without any answer nobody knows.
    if (progress.length > 0 && tunnel + exchange === 0) this.end("done");
  }

  #order(perSecond: number): MigrationOrder {
    const { softMs, hardMs } = this.policy;
    return {
      ...this.name,
      perSecond,
      jitter: JITTER,
      softMs,
      hardMs,
      attempt: this.#attempt,
      paused: this.#stoppedFor !== undefined,
      ageMs: this.#deps.clock.nowMs() - this.#beganMs,
      activeMs: this.#activeTimeMs(),
      failedPercentMax: FAILED_PERCENT_MAX,
      reconnectsMin: RECONNECTS_MIN,
    };
  }

  #rates(): ReadonlyMap<number, number> {
    const held = [...this.#progress.values()].map(({ left }) => sumOf(left));
    const parts = partsOf(this.policy.connectionsPerSecond, held);
    return new Map([...this.#progress.keys()].map((pid, at) => [pid, parts[at] ?? 0]));
  }

  #watch(): void {
    if (this.#stoppedFor !== undefined) return;
    const answers = [...this.#progress.values()];
    const all = answers.reduce((sum, { reconnects }) => sum + reconnects, 0);
    const failed = answers.reduce((sum, { reconnectsFailed }) => sum + reconnectsFailed, 0);
    const tooMany = all >= RECONNECTS_MIN && failed * 100 > FAILED_PERCENT_MAX * all;
    if (!tooMany && !answers.some(({ stopped }) => stopped)) return;
    this.#activeMs = this.#activeTimeMs();
    this.#stoppedFor = `${failed} of ${all} WebSocket handshakes failed since it began`;
    const about = aboutVersion(this.name);
    this.#deps.events.emit({ kind: "migration-stopped", ...about, reason: this.#stoppedFor });
  }

  #activeTimeMs(): number {
    if (this.#stoppedFor !== undefined) return this.#activeMs;
    return this.#activeMs + this.#deps.clock.nowMs() - this.#activeSinceMs;
  }

  #left(): { tunnel: number; exchange: number } {
    const counts = [...this.#progress.values()].map(({ left }) => left);
    return {
      tunnel: counts.reduce((sum, { tunnel }) => sum + total(tunnel), 0),
      exchange: counts.reduce((sum, { exchange }) => sum + total(exchange), 0),
    };
  }

  /** Tunnels at the rate since the last answers, exchanges from softMs on, nothing after hardMs. */
  #timeLeftMs(): number {
    const { connectionsPerSecond, softMs, hardMs } = this.policy;
    const { tunnel, exchange } = this.#left();
    const closing = [...this.#progress.values()].reduce((sum, each) => sum + each.closing, 0);
    const msEach = 1000 / connectionsPerSecond;
    const activeMs = this.#activeTimeMs();
    const sinceMs = this.#deps.clock.nowMs() - this.#progressMs;
    const tunnelsMs = Math.max(0, (tunnel - closing) * msEach - sinceMs);
    const exchangesMs =
      exchange === 0 ? 0 : Math.max(0, softMs - activeMs - tunnelsMs) + exchange * msEach;
    return Math.round(Math.max(0, Math.min(tunnelsMs + exchangesMs, hardMs - activeMs)));
  }

  #napMs(): number {
    if (this.#stoppedFor !== undefined) return ROUND_MS;
    return Math.min(ROUND_MS, Math.max(ROUND_MIN_MS, this.#timeLeftMs()));
  }
}

function sumOf({ tunnel, exchange }: WorkCounts): number {
  return total(tunnel) + total(exchange);
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
