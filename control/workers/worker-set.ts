import type { SendHandle } from "node:child_process";
import type { Clock } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { FromWorker, SpanReport, WorkerEvent } from "../../proxy/messages/messages.ts";
import type { WorkerStats } from "../../proxy/metrics/stats.ts";
import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import type { ListenerTls } from "../../proxy/table/tls.ts";
import { WorkerError } from "../base/errors.ts";
import { within } from "../base/worker-answer.ts";
import type { Briefing } from "./briefing.ts";
import { HandOverDesk } from "./hand-over-desk.ts";
import type { ListeningSockets } from "./listening-sockets.ts";
import { RecentTraffic } from "./recent-traffic.ts";
import { RestartPause } from "./restart-pause.ts";
import { RetiredCounts } from "./retired-counts.ts";
import { briefWorker } from "./tell-worker.ts";
import { Watchdog } from "./watchdog.ts";
import { balanceWorkers } from "./worker-balance.ts";
import { workerEnvironment } from "./worker-environment.ts";
import { WorkerProcess } from "./worker-process.ts";

/** How long a worker may take to act on a message before it counts as stuck. */
const ANSWER_WAIT_MS = 5_000;
/** How long a worker may take to start and to open its listeners. */
const START_WAIT_MS = 15_000;
/** The same for an old worker: whoever asks it waits no longer than this, and does not fail. */
const RETIRING_ANSWER_WAIT_MS = 1_000;

/** What the workers are made of. */
export type WorkerSetDeps = {
  /** How many serve. */
  readonly count: number;
  /** The entry file that they are started with, until a swap names another. */
  readonly file: string;
  /** Our name in CDN-Loop and Via. */
  readonly pseudonym: string;
  readonly briefing: Briefing;
  readonly sockets: ListeningSockets;
  readonly log: Log;
  readonly clock: Clock;
  readonly onEvent: (event: WorkerEvent) => void;
  /** Absent: nobody wants spans. */
  readonly onSpans?: ((report: SpanReport) => void) | undefined;
};

/**
 * Keeps so many worker processes alive: a worker that ends, or hangs and is ended, is replaced at
 * once, and its successor has the whole briefing before it accepts. What workers are told later is
 * up to others.
 */
export class WorkerSet {
  /** Passes on connections that workers give away. */
  readonly desk: HandOverDesk;
  /** What workers that are gone had counted. */
  readonly retired = new RetiredCounts();
  readonly traffic = new RecentTraffic();
  /** The code that workers are started with. */
  file: string;
  /** How many workers had to be replaced since the start. */
  restarts = 0;
  readonly #deps: WorkerSetDeps;
  /** Those that serve or are on trial. */
  readonly #workers = new Set<WorkerProcess>();
  /** Those that give their connections away. */
  readonly #retiring = new Set<WorkerProcess>();
  readonly #stopped = new AbortController();
  readonly #watchdog: Watchdog;
  readonly #pause = new RestartPause();

  constructor(deps: WorkerSetDeps) {
    this.#deps = deps;
    this.file = deps.file;
    this.desk = new HandOverDesk(deps.log, () => this.serving);
    const { clock, log } = deps;
    const onTick = (): void => {
      if (this.traffic.isDue(clock.nowMs())) this.traffic.note(this.counts, clock.nowMs());
    };
    this.#watchdog = new Watchdog({ workers: () => this.all, clock, log, onTick });
  }

  /** Those that serve or are on trial. */
  get current(): readonly WorkerProcess[] {
    return [...this.#workers];
  }

  /** Those that get new connections. */
  get serving(): readonly WorkerProcess[] {
    return this.current.filter((worker) => !worker.onTrial);
  }

  /** Those too that give their connections away. */
  get all(): readonly WorkerProcess[] {
    return [...this.#workers, ...this.#retiring];
  }

  /**
   * What every worker has told last, and what those that are gone had counted. Read in one go: a
   * worker that has just ended is among the retired ones, and only there.
   */
  get counts(): readonly WorkerStats[] {
    return [...this.all.flatMap((worker) => worker.stats ?? []), ...this.retired.stats()];
  }

  /** See Briefing.trialTls. */
  get trialTls(): ListenerTls | undefined {
    return this.#deps.briefing.trialTls;
  }

  /** How many give their connections away. */
  get retiring(): number {
    return this.#retiring.size;
  }

  /** Whether all of them must end. */
  get isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** Starts the workers. Resolves when all of them serve. @throws WorkerError, ListenError. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#deps.count }, () => this.#startWorker()));
    void this.#watchdog.run();
    const { count, clock } = this.#deps;
    if (count > 1) void balanceWorkers(() => this.serving, clock, this.#stopped.signal);
  }

  /** From now on a worker that ends is not replaced. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Stops ending workers because they are slow. */
  unwatch(): void {
    this.#watchdog.stop();
  }

  /** Creates a full set of new workers, on trial. */
  spawnOnTrial(file: string): readonly WorkerProcess[] {
    return Array.from({ length: this.#deps.count }, () => this.#spawn(file, true));
  }

  /**
   * Lets new workers accept. @throws WorkerError when one does not, or has ended in the meantime.
   */
  async serveAll(workers: readonly WorkerProcess[]): Promise<void> {
    for (const worker of workers) worker.onTrial = false;
    await Promise.all(workers.map((worker) => this.ask(worker, () => this.#serve(worker))));
    const ended = workers.find((worker) => worker.gone);
    if (ended !== undefined)
      throw new WorkerError(`worker ${ended.pid} ended when it was to serve`);
  }

  /**
   * Has the worker stop accepting, give its connections away and end when it has none. Resolves
   * then; never rejects.
   */
  async retire(worker: WorkerProcess): Promise<void> {
    // One on trial has none, and may not even answer.
    if (worker.onTrial) return worker.end();
    worker.stopping = true;
    if (this.#workers.delete(worker)) this.#retiring.add(worker);
    try {
      await worker.ask({ kind: "handOver", ...this.#deps.briefing.leavingTerms(this.#deps.count) });
      await worker.askStats();
    } catch {
      // It has ended by itself, with everything that it had.
    }
    await worker.end();
    this.#deps.log.info("worker.retired", { pid: worker.pid });
  }

  /** Opens a listener in a worker. */
  async listenIn(worker: WorkerProcess, listener: ListenerSnapshot): Promise<FromWorker> {
    const socket = await this.#deps.sockets.open(listener.bind);
    return worker.ask({ kind: "listen", listener }, socket as unknown as SendHandle);
  }

  /**
   * Asks a worker. It is not a failure if the worker ends in the meantime, because its successor is
   * up to date, nor if an old worker does not answer. Nobody waits for a worker on trial, which may
   * hang.
   */
  async ask(worker: WorkerProcess, ask: () => Promise<unknown>): Promise<void> {
    const waitMs = this.#retiring.has(worker) ? RETIRING_ANSWER_WAIT_MS : ANSWER_WAIT_MS;
    const answered = within(ask(), `worker ${worker.pid}`, waitMs, this.#deps.clock);
    const { onTrial } = worker;
    const handled = answered.catch((error: unknown) => {
      if (!worker.gone && !onTrial && !this.#retiring.has(worker)) throw error;
    });
    if (!onTrial) await handled;
  }

  async #startWorker(): Promise<void> {
    const worker = this.#spawn(this.file, false);
    const { clock } = this.#deps;
    await within(this.#serve(worker), `worker ${worker.pid} at its start`, START_WAIT_MS, clock);
  }

  /** Starts a process, with the whole briefing as its first messages. */
  #spawn(file: string, onTrial: boolean): WorkerProcess {
    const { briefing, clock, log, onEvent, onSpans, pseudonym } = this.#deps;
    const startedMs = clock.nowMs();
    const worker = new WorkerProcess({
      file,
      env: workerEnvironment(process.env, pseudonym),
      onEvent,
      onSpans,
      onConnection: (connection, handle) => this.desk.take(connection, handle, worker),
      onSilence: (silent) => this.desk.workerEnded(silent),
      onExit: (ended, by) => this.#onExit(ended, by, startedMs),
    });
    worker.onTrial = onTrial;
    this.#workers.add(worker);
    void briefWorker(worker, briefing, log);
    return worker;
  }

  /** Lets a worker accept. */
  async #serve(worker: WorkerProcess): Promise<void> {
    this.desk.workerServes();
    const listeners = [...this.#deps.briefing.listeners.values()];
    await Promise.all(listeners.map((listener) => this.listenIn(worker, listener)));
    await worker.askStats();
    this.#deps.log.info("worker.started", { pid: worker.pid });
  }

  #onExit(worker: WorkerProcess, by: string, startedMs: number): void {
    for (const each of [this.#workers, this.#retiring]) each.delete(worker);
    this.retired.add(worker.stats);
    if (worker.stopping || worker.onTrial || this.isStopped) return;
    this.restarts += 1;
    const livedMs = this.#deps.clock.nowMs() - startedMs;
    this.#deps.log.error("worker.ended", { pid: worker.pid, by, livedMs: Math.round(livedMs) });
    void this.#replaceAfter(this.#pause.after(livedMs));
  }

  async #replaceAfter(waitMs: number): Promise<void> {
    try {
      if (waitMs > 0) await this.#deps.clock.sleep(waitMs, this.#stopped.signal);
      // A swap may have filled its place in the meantime.
      if (this.serving.length < this.#deps.count) await this.#startWorker();
    } catch (error) {
      // Stopped in the meantime; or it ended again, and its own exit has started the next one.
      this.#deps.log.warn("worker.start-failed", { message: errorText(error) });
    }
  }
}
