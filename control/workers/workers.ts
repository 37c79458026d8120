import type { ConnectionHandle } from "../../proxy/base/connection-handle.ts";
import { orLate } from "../../proxy/base/deadline.ts";
import type { HandedConnection } from "../../proxy/messages/handed-connection.ts";
import type { FilterRefusalReport } from "../../proxy/table/filter-spec.ts";
import type { FromWorker } from "../../proxy/messages/messages.ts";
import type { WorkerStats } from "../../proxy/metrics/stats.ts";
import type { Intentions } from "../../proxy/intentions/intentions.ts";
import type { ListenerSnapshot, TableChange } from "../../proxy/table/snapshot.ts";
import type { TlsMaterial } from "../../proxy/table/tls.ts";
import type { DrainPolicy } from "../config/service.ts";
import type { Traffic } from "../table/guard.ts";
import type { TableSink } from "../table/table-sink.ts";
import type { ComingFilters } from "./briefing.ts";
import { drainWorkers } from "./drain-workers.ts";
import type { GiveConnection, Heir } from "./hand-over-desk.ts";
import { ejectedBy, openAt, panicBy } from "./recent-traffic.ts";
import type { WorkersLately } from "./recent-traffic.ts";
import { swapWorkers } from "./swap.ts";
import type { SwapOptions, SwapReport } from "./swap.ts";
import { tellWorker } from "./tell-worker.ts";
import type { Question, WorkerProcess } from "./worker-process.ts";
import { WorkerSet } from "./worker-set.ts";
import type { WorkerSetDeps } from "./worker-set.ts";

/** How long a write waits for the workers' counts: a worker that takes longer is stuck. */
const TRAFFIC_WAIT_MS = 2_000;

/**
 * How the rest of the sidecar talks to its worker processes: tells them tables and listeners,
 * collects their counts, replaces and ends them. What they are told stays in the briefing for those
 * that start later.
 */
export class Workers implements TableSink, Heir {
  readonly #deps: WorkerSetDeps;
  readonly #set: WorkerSet;

  constructor(deps: WorkerSetDeps) {
    this.#deps = deps;
    this.#set = new WorkerSet(deps);
  }

  /** How many workers had to be replaced since the start. */
  get restarts(): number {
    return this.#set.restarts;
  }

  get pids(): readonly number[] {
    return this.#set.current.map((worker) => worker.pid);
  }

  /** Those that get new connections. */
  get serving(): readonly WorkerProcess[] {
    return this.#set.serving;
  }

  /** Starts the workers. Resolves when all of them serve. @throws WorkerError, ListenError. */
  start(): Promise<void> {
    return this.#set.start();
  }

  /**
   * Resolves when every worker acts on the change. @throws WorkerError naming one that does not.
   */
  async apply(change: TableChange): Promise<void> {
    await this.tell(change);
  }

  /**
   * Tells every worker a change of the table, and the filters that come into force with it.
   * Resolves when all act on them, with the filters that cannot take over from the ones before.
   * @throws WorkerError naming a worker that does not.
   */
  async tell(
    change: TableChange,
    filters?: ComingFilters,
  ): Promise<readonly FilterRefusalReport[]> {
    const { briefing, log } = this.#deps;
    briefing.follow(change);
    const refusals: FilterRefusalReport[] = [];
    await this.#askAll(this.#set.all, async (worker) => {
      refusals.push(...(await tellWorker(worker, change, filters, log)));
    });
    return refusals;
  }

  /**
   * Replaces the certificates, keys and roots of every worker. Resolves when all use them for new
   * connections. @throws WorkerError naming one that does not.
   */
  async tellTls(material: TlsMaterial): Promise<void> {
    this.#deps.briefing.tls = material;
    await this.#askAll(this.#set.all, (worker) => worker.ask({ kind: "tls", material }));
  }

  /** Has every worker judge by these, also what is open. @throws WorkerError as tellTls(). */
  async tellIntentions(intentions: Intentions | undefined): Promise<void> {
    this.#deps.briefing.intentions = intentions;
    await this.#askAll(this.#set.all, (worker) => worker.ask({ kind: "intentions", intentions }));
  }

  /**
   * Opens a listener in every worker, or replaces it. Resolves with its address, in which a port 0
   * has become a number. @throws ListenError, WorkerError.
   */
  async listen(listener: ListenerSnapshot): Promise<string> {
    const { briefing, sockets } = this.#deps;
    await sockets.open(listener.bind);
    briefing.listeners.set(listener.bind, listener);
    await this.#askAll(this.serving, (worker) => this.#set.listenIn(worker, listener));
    return sockets.address(listener.bind);
  }

  /** Closes a listener: no more connections are accepted, open ones stay. */
  async unlisten(bind: string): Promise<void> {
    this.#deps.briefing.listeners.delete(bind);
    await this.#askAll(this.serving, (worker) => worker.ask({ kind: "unlisten", bind }));
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
    // One that has not started yet has counted nothing.
    const started = this.#set.all.filter(({ protocol }) => protocol !== undefined);
    await this.#askAll(started, (worker) => worker.askStats());
    return this.#set.counts;
  }

  /** What goes on at the services; what workers told last if they do not answer in time. */
  async traffic(): Promise<Traffic> {
    const { traffic, counts } = this.#set;
    const asked = this.stats().catch(() => counts);
    const { clock } = this.#deps;
    const stats = await orLate(asked, TRAFFIC_WAIT_MS, clock, () => counts);
    const nowMs = clock.nowMs();
    traffic.note(stats, nowMs);
    const isBusy = (service: string): boolean => traffic.isBusy(service, nowMs);
    return { isBusy, open: openAt(stats), workers: this.pids.length };
  }

  /** What workers have told by themselves, at most some seconds old: nobody is asked. */
  lately(): WorkersLately {
    const { traffic, counts } = this.#set;
    const nowMs = this.#deps.clock.nowMs();
    traffic.note(counts, nowMs);
    return {
      counts,
      isBusy: (service) => traffic.isBusy(service, nowMs),
      failures: (service, version) => traffic.failures(service, version, nowMs),
      ejectedBy: ejectedBy(counts),
      panicBy: panicBy(counts),
    };
  }

  /** The answers of all workers by pid; those that do not answer in time are left out. */
  async askEach(question: (pid: number) => Question): Promise<ReadonlyMap<number, FromWorker>> {
    const answers = new Map<number, FromWorker>();
    const ask = async (worker: WorkerProcess): Promise<unknown> =>
      answers.set(worker.pid, await worker.ask(question(worker.pid)));
    const asked = this.#set.all.map((worker) => this.#set.ask(worker, () => ask(worker)));
    await Promise.allSettled(asked);
    return answers;
  }

  /**
   * Lets every worker stop accepting and end what it has open, and then itself: see drainWorkers.
   */
  async drain(policy: DrainPolicy): Promise<void> {
    this.#set.stop();
    // A drain has its own deadline.
    this.#set.unwatch();
    for (const worker of this.#set.all) worker.stopping = true;
    this.#closeListeners();
    await drainWorkers(this.#set.all, policy, this.#deps.clock);
    this.close();
  }

  /** Ends all workers at once. */
  close(): void {
    this.#set.stop();
    this.#set.unwatch();
    for (const worker of this.#set.all) worker.kill();
    this.#set.desk.close();
    this.#closeListeners();
  }

  /** Replaces the workers' code: see swapWorkers(). @throws SwapError, and as it does. */
  swap(options: SwapOptions): Promise<SwapReport> {
    return swapWorkers(this.#set, options, this.#deps);
  }

  /**
   * Gives every connection of every worker to `heir` and ends the workers. Resolves when they have
   * ended, with all that they counted; long responses are waited for.
   */
  async giveAll(heir: GiveConnection): Promise<readonly WorkerStats[]> {
    this.#set.stop();
    this.#set.desk.leaveTo(heir);
    await Promise.all(this.#set.current.map((worker) => this.#set.retire(worker)));
    // Not sooner: a worker that hangs would hold up the end of this process for ever.
    this.#set.unwatch();
    return this.#set.retired.stats();
  }

  adopt(connection: HandedConnection, handle: ConnectionHandle): void {
    this.#set.desk.take(connection, handle);
  }

  addCounts(stats: readonly WorkerStats[]): void {
    for (const each of stats) this.#set.retired.add(each);
  }

  async #askAll(
    workers: readonly WorkerProcess[],
    ask: (worker: WorkerProcess) => Promise<unknown>,
  ): Promise<void> {
    await Promise.all(workers.map((worker) => this.#set.ask(worker, () => ask(worker))));
  }

  /** Only those of the workers: the control API keeps answering during a drain. */
  #closeListeners(): void {
    for (const bind of this.#deps.briefing.listeners.keys()) this.#deps.sockets.close(bind);
  }
}
