import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "./base/clock.ts";
import { HttpDate } from "./base/http-date.ts";
import { LocalFaults } from "./base/local-faults.ts";
import { streamLog } from "./base/log.ts";
import { LogDial } from "./base/log-level.ts";
import type { Log } from "./base/log.ts";
import { hexWord, systemRandom } from "./base/random.ts";
import { ReadBuffers } from "./transport/read-buffers.ts";
import { Http2Counts } from "./http2/counts.ts";
import { TlsContexts } from "./transport/tls-contexts.ts";
import { TimerWheel } from "./base/timer-wheel.ts";
import { streamHandles } from "./transport/stream-handles.ts";
import type { ConnectionHandle } from "./base/connection-handle.ts";
import { AccessLog } from "./access-log/access-log.ts";
import { openTracer } from "./tracing/open-tracer.ts";
import type { Tracer } from "./tracing/tracer.ts";
import { Adoption } from "./hand-over/adoption.ts";
import { shareConnections } from "./hand-over/connection-share.ts";
import { HandOver } from "./hand-over/hand-over.ts";
import type { HandedConnection } from "./messages/handed-connection.ts";
import { Filters } from "./filters/filters.ts";
import { ImportingLoader } from "./filters/module-loader.ts";
import { PROTOCOL } from "./messages/messages.ts";
import type { FromWorker, ToWorker, WorkerEvent } from "./messages/messages.ts";
import { LocalReplies } from "./metrics/local-replies.ts";
import { ServiceCounts } from "./metrics/service-counts.ts";
import { RejectCounters } from "./metrics/reject-counters.ts";
import { LOOK_MS, LoopDelay } from "./metrics/loop-delay.ts";
import { joinedStats } from "./metrics/pool-stats.ts";
import type { PoolStats } from "./metrics/pool-stats.ts";
import type { WorkerStats } from "./metrics/stats.ts";
import { ClientConnections } from "./clients/client-connections.ts";
import { ExchangeStore } from "./clients/exchange-store.ts";
import { IntentionsInForce } from "./clients/judged-client.ts";
import { Listener } from "./clients/listener.ts";
import type { ListenHandle } from "./clients/listener.ts";
import type { ClientDeps } from "./clients/client-deps.ts";
import { BufferBudget } from "./exchange/buffer-budget.ts";
import { Mirrors } from "./exchange/mirrors.ts";
import { Refusals } from "./exchange/refusals.ts";
import { RequestIds } from "./exchange/request-ids.ts";
import { Witnesses } from "./exchange/witness.ts";
import { LiveServices } from "./upstream/live-services.ts";
import { ObservedServices } from "./upstream/observed-services.ts";
import { EVERYTHING, WHAT_STAYS, WorkerDrain } from "./drain/worker-drain.ts";
import { WorkerMigrations } from "./drain/worker-migrations.ts";
import type { EjectionListener } from "./upstream/ejector.ts";
import { errorText } from "./base/error-text.ts";
import { ignoreSignals, processUsage } from "./base/worker-process.ts";

/**
 * The composition root of a worker process. It does what the primary's messages say, in order, and
 * answers each; without its primary it ends.
 */
class Worker {
  readonly #deps: ClientDeps;
  readonly #send: typeof sendToPrimary;
  readonly #dial = new LogDial();
  readonly #accessLog: AccessLog;
  readonly #tracer: Tracer;
  readonly #adoption: Adoption;
  readonly #filters: Filters;
  readonly #migrations: WorkerMigrations;
  readonly #loopDelay = new LoopDelay(systemClock.nowMs());
  readonly #observed: ObservedServices;
  readonly #listeners = new Map<string, Listener>();
  /** undefined: this worker keeps what it has. */
  #handOver: HandOver | undefined;

  constructor(pseudonym: string, send: typeof sendToPrimary) {
    const log = streamLog(process.stdout, () => systemClock.wallMs(), this.#dial);
    this.#send = send;
    setInterval(() => this.#loopDelay.look(systemClock.nowMs()), LOOK_MS).unref();
    const deps = clientDeps(pseudonym, log, (event) => send({ kind: "event", event }));
    this.#deps = deps;
    this.#accessLog = new AccessLog({ ...deps, log });
    this.#tracer = openTracer(deps, send);
    this.#adoption = new Adoption(deps);
    this.#filters = new Filters(new ImportingLoader(), { clock: systemClock, log });
    this.#migrations = new WorkerMigrations(deps);
    this.#observed = new ObservedServices(systemClock, (name) => deps.services.byName(name));
  }

  async handle(message: ToWorker, handle: unknown): Promise<void> {
    switch (message.kind) {
      case "listen":
        return this.#listen(message, handle);
      case "unlisten":
        await this.#filters.idle;
        this.#unlisten(message.bind);
        return this.#send({ kind: "done", id: message.id });
      case "tls":
        return this.#followTls(message);
      case "intentions":
        this.#deps.intentions.replace(message.intentions);
        this.#deps.connections.judgeAgain();
        return this.#send({ kind: "done", id: message.id });
      case "logLevel":
      case "accessLog":
      case "tracing":
        this.#follow(message);
        return this.#send({ kind: "done", id: message.id });
      case "table":
        return this.#takeTable(message);
      case "prepareFilters": {
        const refusals = await this.#filters.prepare(message.preparation);
        return this.#send({ kind: "filters", id: message.id, refusals });
      }
      case "revertFilters":
        await this.#filters.idle;
        this.#filters.revert(message.number);
        this.#filters.attach(this.#deps.services);
        return this.#send({ kind: "done", id: message.id });
      case "stats":
        return this.#tellStats(message);
      case "observe": {
        const observed = this.#observed.ask(message.question);
        return this.#send({ kind: "observed", id: message.id, observed });
      }
      case "handOver":
        return this.#beginHandOver(message);
      case "share":
        return this.#share(message);
      case "taken":
        this.#handOver?.taken();
        return this.#send({ kind: "done", id: message.id });
      case "adopt":
        this.#adoption.adopt(message.connection, handle as ConnectionHandle);
        return this.#send({ kind: "done", id: message.id });
      case "open":
        return this.#send({ kind: "open", id: message.id, versions: this.#migrations.open() });
      case "migrate": {
        const progress = this.#migrations.order(message.order);
        return this.#send({ kind: "migrating", id: message.id, progress });
      }
      case "migrateStop":
        this.#migrations.stop(message);
        return this.#send({ kind: "done", id: message.id });
      case "drain":
        return this.#drain(message);
    }
  }

  /** What is told of exchanges from now on. */
  #follow(message: ToWorker & { kind: "logLevel" | "accessLog" | "tracing" }): void {
    if (message.kind === "logLevel") this.#dial.level = message.level;
    else if (message.kind === "accessLog") this.#accessLog.follow(message.spec);
    else this.#tracer.follow(message.ratio);
  }

  /** Puts a table in force together with its filters: no request sees only one of them. */
  async #takeTable({ id, change, filters }: ToWorker & { kind: "table" }): Promise<void> {
    const { services } = this.#deps;
    // Without filters at once: what is asked after a table must not be answered before it.
    if (this.#filters.idle !== undefined) await this.#filters.idle;
    const refusals = filters === undefined ? [] : this.#filters.activate(filters);
    services.replace(services.table.with(change));
    this.#filters.attach(services);
    this.#send(filters === undefined ? { kind: "done", id } : { kind: "filters", id, refusals });
  }

  async #listen(message: ToWorker & { kind: "listen" }, handle: unknown): Promise<void> {
    const { bind } = message.listener;
    // A worker hears of filters, table and listeners in this order, and must not accept before it
    // has them all.
    await this.#filters.idle;
    const listener = new Listener(message.listener, this.#deps);
    await listener.listen(handle as ListenHandle);
    this.#unlisten(bind);
    this.#listeners.set(bind, listener);
    this.#send({ kind: "done", id: message.id });
  }

  #unlisten(bind: string): void {
    this.#listeners.get(bind)?.close();
    this.#listeners.delete(bind);
  }

  /** What was counted. In portions, traffic has its turn between two of them. */
  async #tellStats({ id, inPortions }: ToWorker & { kind: "stats" }): Promise<void> {
    const tellers = this.#deps.services.tellers();
    for (const tell of inPortions === true ? tellers.splice(0, tellers.length - 1) : []) {
      this.#send({ kind: "statsPortion", id, stats: tell() });
      await nextTurn();
    }
    const rest = joinedStats(tellers.map((tell) => tell()));
    this.#send({ kind: "stats", id, stats: this.#stats(rest) });
  }

  #stats(pools: PoolStats): WorkerStats {
    const { services, connections, rejected, localReplies, policyCounts, faults, http2 } =
      this.#deps;
    const { mirrors } = this.#deps;
    const { size, tunnels, seeking, http2: h2, streamTunnels } = connections;
    const h1 = size - tunnels - seeking - h2;
    return {
      ...pools,
      filters: this.#filters.stats(),
      rejected: rejected.toRecord(),
      localReplies: localReplies.stats(),
      policyCounts: policyCounts.stats(),
      shadows: mirrors.counts.stats(),
      localFaults: faults.toRecord(),
      http2: { client: http2.toRecord(), endpoint: services.http2Counts.toRecord() },
      accessLog: this.#accessLog.counts,
      usage: { ...processUsage(), loopDelay: this.#loopDelay.counts() },
      connections: { h1, h2, tunnel: tunnels + streamTunnels },
      revision: services.table.revision,
    };
  }

  #followTls({ id, material }: ToWorker & { kind: "tls" }): void {
    this.#deps.contexts.replace(material);
    this.#deps.services.followTls();
    this.#send({ kind: "done", id });
  }

  async #share(message: ToWorker & { kind: "share" }): Promise<void> {
    await shareConnections(message, this.#deps.connections, sendConnection, systemClock);
    this.#send({ kind: "done", id: message.id });
  }

  async #beginHandOver(message: ToWorker & { kind: "handOver" }): Promise<void> {
    for (const bind of this.#listeners.keys()) this.#unlisten(bind);
    const name = String(process.pid);
    this.#handOver = new HandOver(this.#deps.connections, sendConnection, name);
    const done = this.#handOver.run();
    const drain = new WorkerDrain({ ...message, hardMs: Infinity }, this.#deps, WHAT_STAYS);
    void drain.run();
    await done;
    drain.stop();
    await this.#flush();
    this.#send({ kind: "done", id: message.id });
  }

  async #drain(message: ToWorker & { kind: "drain" }): Promise<void> {
    for (const bind of this.#listeners.keys()) this.#unlisten(bind);
    this.#migrations.stopAll();
    this.#deps.connections.draining = true;
    await new WorkerDrain(message, this.#deps, EVERYTHING).run();
    await this.#flush();
    this.#send({ kind: "done", id: message.id });
  }

  /** Gives away what is told of exchanges and has not left yet. */
  async #flush(): Promise<void> {
    await Promise.all([this.#accessLog.flush(), this.#tracer.flush()]);
  }
}

/** What all connections of this worker share. */
function clientDeps(pseudonym: string, log: Log, tell: (event: WorkerEvent) => void): ClientDeps {
  const wheel = new TimerWheel(systemClock);
  const faults = new LocalFaults(wheel, log);
  const buffers = new ReadBuffers();
  buffers.writes.watch();
  const connections = new ClientConnections();
  connections.watch();
  const rejected = new RejectCounters();
  const contexts = new TlsContexts();
  const witness = new Witnesses();
  const exchangeDeps = {
    clock: systemClock,
    wheel,
    random: systemRandom,
    date: new HttpDate(systemClock),
    rejected,
    refusals: new Refusals(wheel, log, rejected),
    localReplies: new LocalReplies(),
    policyCounts: new ServiceCounts(),
    buffered: new BufferBudget(),
    mirrors: new Mirrors(),
    requestIds: new RequestIds(`${hexWord(systemRandom)}${hexWord(systemRandom)}-`),
    witness,
    pseudonym,
  };
  return {
    ...exchangeDeps,
    buffers,
    faults,
    services: new LiveServices({
      buffers,
      witness,
      wheel,
      clock: systemClock,
      random: systemRandom,
      onEjection: (...about) => tell(ejectionEvent(...about)),
      onPanic: tell,
      faults,
      contexts,
      http2Counts: new Http2Counts(),
      onHttp2Rejected: (reason, endpoint) => exchangeDeps.refusals.speech(reason, endpoint),
    }),
    contexts,
    connections,
    exchanges: new ExchangeStore(exchangeDeps),
    intentions: new IntentionsInForce(),
    http2: new Http2Counts(),
  };
}

function ejectionEvent(...[pool, endpoint, forMs]: Parameters<EjectionListener>): WorkerEvent {
  const { service, version } = pool;
  const about = { service, version, endpoint: endpoint.address };
  return forMs > 0
    ? { kind: "ejection", ...about, forMs, failures: endpoint.failures }
    : { kind: "readmission", ...about };
}

/** Calls back when nothing of it is left in this process. */
function sendToPrimary(message: FromWorker, onSent?: () => void): void {
  if (process.connected) process.send?.(message, undefined, {}, onSent);
  else onSent?.();
}

/** Sends a connection to the primary, and releases it here once it has arrived. */
function sendConnection(connection: HandedConnection, handle: ConnectionHandle): void {
  const message: FromWorker = { kind: "connection", connection };
  process.send?.(message, handle as unknown as Socket, {}, () => handle.close());
}

/** Runs a worker over this process's IPC channel. */
function main(): void {
  process.title = "sluice: worker";
  ignoreSignals();
  // What nobody may silence: that the process is not as it should be.
  const log = streamLog(process.stdout, () => systemClock.wallMs());
  if (streamHandles === undefined) log.warn("worker.streams-unknown", { node: process.version });
  const worker = new Worker(process.env["SLUICE_PSEUDONYM"] ?? "sluice", sendToPrimary);
  process.on("message", (message: ToWorker, handle: unknown) => {
    worker.handle(message, handle).catch((error: unknown) => {
      sendToPrimary({ kind: "failed", id: message.id, message: errorText(error) });
    });
  });
  // process.exit() would wait for a line of the access log, which a reader of our standard output
  // that has stopped may hold up for ever.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  // Every socket has its handlers from the moment it is made; this is for what nobody thought of.
  process.on("uncaughtException", (error) => {
    log.error("worker.uncaught", { message: error.message, stack: error.stack });
  });
  process.on("unhandledRejection", (reason) => {
    log.error("worker.unhandled", { message: errorText(reason) });
  });
  sendToPrimary({ kind: "started", protocol: PROTOCOL });
}

main();
