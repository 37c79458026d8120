import type { SendHandle } from "node:child_process";
import type { Clock } from "../../proxy/base/clock.ts";
import type { ConnectionHandle } from "../../proxy/base/connection-handle.ts";
import type { HandedConnection } from "../../proxy/messages/handed-connection.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { FromWorker, WorkerEvent } from "../../proxy/messages/messages.ts";
import type { WorkerStats } from "../../proxy/metrics/stats.ts";
import type { ListenerSnapshot, ServiceSnapshot, TableChange } from "../../proxy/table/snapshot.ts";
import type { DrainPolicy } from "../config/service.ts";
import { drainWorkers } from "./drain-workers.ts";
import { DrainingError, WorkerError } from "../base/errors.ts";
import { HandOverDesk } from "./hand-over-desk.ts";
import type { GiveConnection } from "./hand-over-desk.ts";
import type { Heir } from "../sidecar/inheritance.ts";
import type { ListeningSockets } from "./listening-sockets.ts";
import { RestartPause } from "./restart-pause.ts";
import { RetiredCounts } from "./retired-counts.ts";
import { refuseTooMany, swapRefusal, tryWorkers } from "./swap.ts";
import type { SwapOptions, SwapReport } from "./swap.ts";
import type { TableSink } from "../table/table-sink.ts";
import { Watchdog } from "./watchdog.ts";
import { within } from "../base/worker-answer.ts";
import { ownWorkerFile } from "../base/program-files.ts";
import { WorkerProcess } from "./worker-process.ts";
import type { Question } from "./worker-process.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** How long a worker may take to act on a message before it counts as stuck. */
const ANSWER_WAIT_MS = 5_000;

/** How long a worker may take to start and to open its listeners. */
const START_WAIT_MS = 15_000;
/** The same for an old worker: whoever asks it is held up no longer, and does not fail. */
const RETIRING_ANSWER_WAIT_MS = 1_000;

/** What the workers are made of. */
export type WorkersDeps = {
  readonly count: number;
  /** Our name in Via fields. */
  readonly pseudonym: string;
  readonly sockets: ListeningSockets;
  readonly log: Log;
  readonly clock: Clock;
  readonly onEvent: (event: WorkerEvent) => void;
  /** Tells a worker a table, and the filters that belong to it. Absent: there are none. */
  readonly tellTable?: typeof tellTable;
};

/**
 * The worker processes of this sidecar: starts them, keeps their number, hands them tables and
 * listening sockets, collects their counts. A worker that ends, or hangs and is ended, is replaced
 * at once, and its successor has the whole table before it accepts.
 */
export class Workers implements TableSink, Heir {
  readonly #deps: WorkersDeps;
  /** Those that serve or are on trial. */
  readonly #workers = new Set<WorkerProcess>();
  /** Those that give their connections away. */
  readonly #retiring = new Set<WorkerProcess>();
  /** The code that workers are started with. */
  #file = ownWorkerFile();
  readonly #listeners = new Map<string, ListenerSnapshot>();
  readonly #services = new Map<string, ServiceSnapshot>();
  readonly #retired = new RetiredCounts();
  readonly #stopped = new AbortController();
  readonly #desk: HandOverDesk;
  readonly #watchdog: Watchdog;
  readonly #pause = new RestartPause();
  #revision = 0;
  #restarts = 0;

  constructor(deps: WorkersDeps) {
    this.#deps = deps;
    this.#desk = new HandOverDesk(deps.log, () => this.serving);
    const { clock, log } = deps;
    this.#watchdog = new Watchdog({ workers: () => this.#all(), clock, log });
  }

  /** Workers that had to be replaced since the start. */
  get restarts(): number {
    return this.#restarts;
  }

  get pids(): readonly number[] {
    return [...this.#workers].map((worker) => worker.pid);
  }

  /** Starts the workers. Resolves when all of them serve. @throws WorkerError, ListenError. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#deps.count }, () => this.#startWorker()));
    void this.#watchdog.run();
  }

  /**
   * Resolves when every worker acts on the change. @throws WorkerError naming one that does not.
   */
  async apply(change: TableChange): Promise<void> {
    this.#revision = change.revision;
    for (const service of change.replace) this.#services.set(service.name, service);
    for (const name of change.remove) this.#services.delete(name);
    const tell = this.#deps.tellTable ?? tellTable;
    const told = this.#all().map((each) => this.#askOne(each, () => tell(each, change)));
    await Promise.all(told);
  }

  /**
   * Opens a listener in every worker, or replaces it. Resolves with its address, in which a port 0
   * has become a number. @throws ListenError, WorkerError.
   */
  async listen(listener: ListenerSnapshot): Promise<string> {
    await this.#deps.sockets.open(listener.bind);
    this.#listeners.set(listener.bind, listener);
    await this.#askServing((worker) => this.#listenIn(worker, listener));
    return this.#deps.sockets.address(listener.bind);
  }

  /** Closes a listener: no more connections are accepted, open ones stay. */
  async unlisten(bind: string): Promise<void> {
    this.#listeners.delete(bind);
    await this.#askServing((worker) => worker.ask({ kind: "unlisten", bind }));
    this.#deps.sockets.close(bind);
  }

  /** Binds the socket of a listener to come; `unlisten` gives it back. @throws ListenError. */
  async reserve(bind: string): Promise<void> {
    await this.#deps.sockets.open(bind);
  }

  /**
   * What every worker counts, and what workers that are gone had counted: sums never go backwards.
   * @throws WorkerError naming one that does not answer.
   */
  async stats(): Promise<readonly WorkerStats[]> {
    // One that has yet to start has counted nothing.
    const started = this.#all().filter(({ protocol }) => protocol !== undefined);
    await Promise.all(started.map((worker) => this.#askOne(worker, () => worker.askStats())));
    // Read at one moment: a worker that has ended meanwhile is among the retired, and only there.
    const living = this.#all().flatMap((worker) => worker.stats ?? []);
    return [...living, ...this.#retired.stats()];
  }

  /** The answers of all workers by pid; those that do not answer in time are left out. */
  async askEach(question: (pid: number) => Question): Promise<ReadonlyMap<number, FromWorker>> {
    const answers = new Map<number, FromWorker>();
    const ask = async (worker: WorkerProcess): Promise<unknown> =>
      answers.set(worker.pid, await worker.ask(question(worker.pid)));
    await Promise.allSettled(this.#all().map((worker) => this.#askOne(worker, () => ask(worker))));
    return answers;
  }

  /**
   * Lets every worker stop accepting and end what it has open, and then itself: see drainWorkers.
   */
  async drain(policy: DrainPolicy): Promise<void> {
    this.#stopped.abort();
    // A drain has a deadline of its own.
    this.#watchdog.stop();
    for (const worker of this.#all()) worker.stopping = true;
    this.#closeListeners();
    await drainWorkers(this.#all(), policy, this.#deps.clock);
    this.close();
  }

  /** Ends all workers at once. */
  close(): void {
    this.#stopped.abort();
    this.#watchdog.stop();
    for (const worker of this.#all()) worker.kill();
    this.#desk.close();
    this.#closeListeners();
  }

  /**
   * Replaces the workers' code with what is on disk now: new workers are tried, then they accept in
   * place of the old ones, which end what is under way and give their connections away. Resolves
   * when the new ones serve. @throws SwapError when one fails its trial: then nothing has changed.
   */
  async swap(options: SwapOptions): Promise<SwapReport> {
    const file = options.file ?? this.#file;
    refuseTooMany(this.#retiring.size);
    const { count, clock, log } = this.#deps;
    const successors = Array.from({ length: count }, () => this.#spawn(file, true));
    try {
      await tryWorkers(successors, options.trialMs, clock);
      if (this.#stopped.signal.aborted) throw new DrainingError("swap workers");
      await this.#serveAll(successors);
    } catch (error) {
      // One that serves already gives what it has to the old ones.
      for (const worker of successors) void this.#retire(worker);
      const refusal = swapRefusal(error);
      log.warn("workers.swap-refused", { file, message: refusal.message });
      throw refusal;
    }
    this.#file = file;
    // Also one that has taken the place of another meanwhile.
    const old = [...this.#workers].filter((worker) => !successors.includes(worker));
    for (const worker of old) void this.#retire(worker);
    const started = successors.map(({ pid }) => pid);
    log.info("workers.swapped", { file, started: started.join(" ") });
    return { started, retired: old.map(({ pid }) => pid) };
  }

  /**
   * Gives every connection of every worker to `heir` and ends the workers. Resolves when they have
   * ended, with all that they counted; long responses are waited for.
   */
  async giveAll(heir: GiveConnection): Promise<readonly WorkerStats[]> {
    this.#stopped.abort();
    this.#desk.leaveTo(heir);
    await Promise.all([...this.#workers].map((worker) => this.#retire(worker)));
    // Not sooner: one that hangs would hold up the end of this process for good.
    this.#watchdog.stop();
    return this.#retired.stats();
  }

  /** Goes on with a connection that the workers of another primary gave away. */
  adopt(connection: HandedConnection, handle: ConnectionHandle): void {
    this.#desk.take(connection, handle);
  }

  /** Counts of another primary's workers, which now belong to ours. */
  addCounts(stats: readonly WorkerStats[]): void {
    for (const each of stats) this.#retired.add(each);
  }

  get serving(): WorkerProcess[] {
    return [...this.#workers].filter((worker) => !worker.onTrial);
  }

  /** Those of the workers only: the control API goes on to answer during a drain. */
  #closeListeners(): void {
    for (const bind of this.#listeners.keys()) this.#deps.sockets.close(bind);
  }

  #all(): WorkerProcess[] {
    return [...this.#workers, ...this.#retiring];
  }

  async #startWorker(): Promise<void> {
    const worker = this.#spawn(this.#file, false);
    const { clock } = this.#deps;
    await within(this.#serve(worker), `worker ${worker.pid} at its start`, START_WAIT_MS, clock);
  }

  /** Starts a process, with the whole table as its first message. */
  #spawn(file: string, onTrial: boolean): WorkerProcess {
    const startedMs = this.#deps.clock.nowMs();
    const worker = new WorkerProcess({
      file,
      env: { ...process.env, SLUICE_PSEUDONYM: this.#deps.pseudonym },
      onEvent: this.#deps.onEvent,
      onConnection: (connection, handle) => this.#desk.take(connection, handle, worker),
      onSilence: (silent) => this.#desk.workerEnded(silent),
      onExit: (ended, by) => this.#onExit(ended, by, startedMs),
    });
    worker.onTrial = onTrial;
    this.#workers.add(worker);
    const replace = [...this.#services.values()];
    const change = { revision: this.#revision, replace, remove: [] };
    // Whoever waits for this worker asks it something later, and hears of a failure then.
    void (this.#deps.tellTable ?? tellTable)(worker, change).catch(() => undefined);
    return worker;
  }

  /** Lets a worker accept. */
  async #serve(worker: WorkerProcess): Promise<void> {
    this.#desk.workerServes();
    const listeners = [...this.#listeners.values()];
    await Promise.all(listeners.map((listener) => this.#listenIn(worker, listener)));
    await worker.askStats();
    this.#deps.log.info("worker.started", { pid: worker.pid });
  }

  /** Lets new workers accept. @throws WorkerError when one does not, or has ended meanwhile. */
  async #serveAll(workers: readonly WorkerProcess[]): Promise<void> {
    for (const worker of workers) worker.onTrial = false;
    await Promise.all(workers.map((worker) => this.#askOne(worker, () => this.#serve(worker))));
    const ended = workers.find((worker) => worker.gone);
    if (ended !== undefined)
      throw new WorkerError(`worker ${ended.pid} ended when it was to serve`);
  }

  /** The worker accepts no more, gives its connections away, and ends when it has none. */
  async #retire(worker: WorkerProcess): Promise<void> {
    // One on trial has none, and may not even answer.
    if (worker.onTrial) return worker.end();
    worker.stopping = true;
    if (this.#workers.delete(worker)) this.#retiring.add(worker);
    try {
      await worker.ask({ kind: "handOver" });
      await worker.askStats();
    } catch {
      // It has ended by itself, and what it had with it.
    }
    await worker.end();
    this.#deps.log.info("worker.retired", { pid: worker.pid });
  }

  async #listenIn(
    worker: WorkerProcess,
    listener: ListenerSnapshot,
  ): ReturnType<WorkerProcess["ask"]> {
    const socket = await this.#deps.sockets.open(listener.bind);
    return worker.ask({ kind: "listen", listener }, socket as unknown as SendHandle);
  }

  #onExit(worker: WorkerProcess, by: string, startedMs: number): void {
    this.#workers.delete(worker);
    this.#retiring.delete(worker);
    this.#retired.add(worker.stats);
    if (worker.stopping || worker.onTrial || this.#stopped.signal.aborted) return;
    this.#restarts += 1;
    const livedMs = this.#deps.clock.nowMs() - startedMs;
    this.#deps.log.error("worker.ended", { pid: worker.pid, by, livedMs: Math.round(livedMs) });
    void this.#replaceAfter(this.#pause.after(livedMs));
  }

  async #replaceAfter(waitMs: number): Promise<void> {
    try {
      if (waitMs > 0) await this.#deps.clock.sleep(waitMs, this.#stopped.signal);
      // A swap may have filled its place meanwhile.
      if (this.serving.length < this.#deps.count) await this.#startWorker();
    } catch (error) {
      // Stopped meanwhile, or it ended again: then its own exit has started the next one.
      this.#deps.log.warn("worker.start-failed", { message: errorText(error) });
    }
  }

  async #askServing(ask: (worker: WorkerProcess) => Promise<unknown>): Promise<void> {
    await Promise.all(this.serving.map((worker) => this.#askOne(worker, () => ask(worker))));
  }

  /**
   * Asks a worker. One that ends meanwhile is no failure: its successor knows better. Nor is it one
   * when an old worker does not answer; for one on trial, which may hang, nobody waits at all.
   */
  async #askOne(worker: WorkerProcess, ask: () => Promise<unknown>): Promise<void> {
    const waitMs = this.#retiring.has(worker) ? RETIRING_ANSWER_WAIT_MS : ANSWER_WAIT_MS;
    const answered = within(ask(), `worker ${worker.pid}`, waitMs, this.#deps.clock);
    const { onTrial } = worker;
    const handled = answered.catch((error: unknown) => {
      if (!worker.gone && !onTrial && !this.#retiring.has(worker)) throw error;
    });
    if (!onTrial) await handled;
  }
}

function tellTable(worker: WorkerProcess, change: TableChange): Promise<unknown> {
  return worker.ask({ kind: "table", change });
}
