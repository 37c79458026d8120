import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { WorkerProcess } from "./worker-process.ts";
import { pause } from "../../proxy/base/clock.ts";

/** Pause between two ticks, and so how old the counts of a killed worker may be. */
export const ASK_INTERVAL_MS = 1_000;
/** How long a worker may owe an answer: twice what it may take to act on a message. */
export const HANG_MS = 10_000;

const HANG_TICKS = HANG_MS / ASK_INTERVAL_MS;

/** A worker, as far as it matters here. */
export type Watched = Pick<WorkerProcess, "pid" | "protocol" | "onTrial" | "askStats" | "crash">;

/** What a watchdog works with. */
export type WatchdogDeps = {
  /** The workers that are there now, also those that end what they have. */
  readonly workers: () => readonly Watched[];
  readonly clock: Clock;
  readonly log: Log;
  /** Called at each tick, before workers are asked. Must not throw. Absent: nobody is told. */
  readonly onTick?: () => void;
};

/** A question that a worker has not answered yet. */
type Owed = {
  readonly askedMs: number;
  /** Ticks since then. */
  ticks: number;
};

/**
 * Keeps fetching the counts of every worker, and ends a worker whose event loop does not get around
 * to answering. It counts ticks instead of time: a tick that is late because the machine was
 * suspended or this process was stuck counts once, and says nothing against a worker.
 */
export class Watchdog {
  readonly #deps: WatchdogDeps;
  /** At most one question of a worker at a time: one that is stuck reads none of them. */
  readonly #owed = new WeakMap<Watched, Owed>();
  readonly #stopped = new AbortController();

  constructor(deps: WatchdogDeps) {
    this.#deps = deps;
  }

  /** Watches until stop(). Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await pause(this.#deps.clock, ASK_INTERVAL_MS, signal);
      if (!signal.aborted) this.#tick();
    }
  }

  /** Ends run() at once, and with it everything that this class does. */
  stop(): void {
    this.#stopped.abort();
  }

  #tick(): void {
    this.#deps.onTick?.();
    for (const worker of this.#deps.workers()) {
      if (!mustAnswer(worker)) continue;
      const owed = this.#owed.get(worker);
      if (owed === undefined) this.#ask(worker);
      else this.#wait(worker, owed);
    }
  }

  #ask(worker: Watched): void {
    this.#owed.set(worker, { askedMs: this.#deps.clock.nowMs(), ticks: 0 });
    const answered = (): unknown => this.#owed.delete(worker);
    // A failure is an answer too, or its end.
    worker.askStats().then(answered, answered);
  }

  #wait(worker: Watched, owed: Owed): void {
    owed.ticks += 1;
    // Once only: SIGKILL needs no second one, however long the kernel takes.
    if (owed.ticks !== HANG_TICKS) return;
    const { clock, log } = this.#deps;
    const forMs = Math.round(clock.nowMs() - owed.askedMs);
    log.warn("worker.hung", { pid: worker.pid, forMs });
    worker.crash();
  }
}

/** Workers on trial have their own deadline, and one that has not started yet cannot answer. */
function mustAnswer({ onTrial, protocol }: Watched): boolean {
  return !onTrial && protocol !== undefined;
}
