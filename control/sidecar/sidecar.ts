import { isDeepStrictEqual } from "node:util";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import type { SidecarControl } from "../api/deps.ts";
import type { Config } from "../config/config-schema.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import { DrainingError } from "../base/errors.ts";
import type { Events } from "../records/events.ts";
import { listenerChanges } from "./listener-changes.ts";
import type { ListenerChanges } from "./listener-changes.ts";
import type { Registry } from "../registry/registry.ts";
import { Serial } from "../base/serial.ts";
import type { ListeningSockets } from "../workers/listening-sockets.ts";
import type { Services } from "../table/services.ts";
import type { Store } from "../store/store.ts";
import type { SwapReport } from "../workers/swap.ts";
import { Successor } from "./successor.ts";
import { programFile, releaseWorkerFile } from "../base/program-files.ts";
import type { Workers } from "../workers/workers.ts";

/** Reloads that may wait or run at once: the last one reads everything that the others would. */
const RELOADS_WAITING_MAX = 2;

/** Keys of the configuration that a reload cannot follow. */
const NEED_RESTART = ["control", "workers", "store", "consul", "register"] as const;

/** Swaps that may run or wait: they come from people and deploy scripts. */
const SWAPS_WAITING_MAX = 4;

/** What came of reading the configuration file again. */
export type ReloadReport = {
  readonly services: {
    readonly replaced: readonly string[];
    readonly removed: readonly string[];
  };
  readonly listeners: { readonly opened: readonly string[]; readonly closed: readonly string[] };
  /** Keys of the file that have changed but take effect only at the next start. */
  readonly needsRestart: readonly string[];
};

/** `release`: the code of another folder of `releases`. undefined: the same, as it is on disk. */
export type UpgradeOptions = { readonly release: string | undefined };

/** Process ids after an upgrade. */
export type UpgradeReport = { readonly pid: number; readonly replaced: number };

/** What a sidecar is made of, already composed. */
export type SidecarDeps = {
  readonly services: Services;
  /** Finds and checks endpoints; it ends with the sidecar. */
  readonly discovery: { close(): Promise<void> };
  readonly store: Store;
  /** undefined: this sidecar is known nowhere and shares nothing. */
  readonly registry?: Registry | undefined;
  /** The workers end everything themselves when they go. */
  readonly migrations: { close(): void };
  readonly workers: Workers;
  readonly sockets: ListeningSockets;
  readonly events: Events;
  readonly log: Log;
  readonly clock: Clock;
  readonly readConfig: () => Promise<Config>;
  /** How this process was started, so that a new one can take its place. */
  readonly configPath: string;
  readonly env: NodeJS.ProcessEnv;
};

/** A running sidecar as a whole: its start, its readiness, reload and end. */
export class Sidecar implements SidecarControl {
  readonly #deps: SidecarDeps;
  #config: Config;
  #started = false;
  #starting: Promise<void> = Promise.resolve();
  #api: FastifyInstance | undefined;
  readonly #reloads = new Serial(RELOADS_WAITING_MAX);
  readonly #swaps = new Serial(SWAPS_WAITING_MAX);
  readonly #drained = Promise.withResolvers<void>();
  readonly #hurry = new AbortController();
  draining = false;

  constructor(config: Config, deps: SidecarDeps) {
    this.#config = config;
    this.#deps = deps;
    // Who waits for the end hears of a failure there; it may be that nobody does any more.
    this.#drained.promise.catch(() => undefined);
  }

  /** Resolves when the sidecar has drained. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  get ready(): SidecarControl["ready"] {
    const reasons = [
      ...(this.#started ? [] : ["the first table is not in force yet"]),
      ...(this.draining ? ["draining"] : []),
    ];
    return { ok: reasons.length === 0, reasons };
  }

  /**
   * Workers, first table, listeners, API: in this order, so that nobody sees an empty table. When
   * one of them fails, all are closed again. @throws WorkerError, StoreError, ListenError.
   */
  async start(api: FastifyInstance): Promise<void> {
    this.#api = api;
    this.#starting = this.#start(api);
    try {
      await this.#starting;
    } catch (error) {
      this.#deps.workers.close();
      await this.#close();
      throw error;
    }
  }

  async #start(api: FastifyInstance): Promise<void> {
    const { services, workers, registry, log } = this.#deps;
    await workers.start();
    registry?.start();
    const winner = await services.start(this.#config.documents);
    const fromFile = Object.keys(this.#config.documents).length;
    if (winner === "store" && fromFile > 0) {
      log.warn("table.store-wins", { revision: services.revision, ignoredServices: fromFile });
    }
    await registry?.settle(services);
    for (const listener of this.#config.listeners) await this.#listen(listener);
    const address = await this.#listenApi(api);
    log.info("api.open", { address });
    registry?.arrive(services, address);
    this.#started = true;
    log.info("sidecar.ready", { revision: services.revision, ...this.#config.drain });
  }

  /** Begins to drain; a second call changes nothing. `drained` tells the end. */
  drain(): void {
    if (this.draining) return;
    this.draining = true;
    this.#deps.events.emit("drain", { scope: "sidecar", ...this.#config.drain });
    void this.#drain().then(this.#drained.resolve, this.#drained.reject);
  }

  /** Does not wait any longer: what is left is cut. */
  hurry(): void {
    this.#hurry.abort();
    this.#deps.workers.close();
  }

  /** Replaces the workers' code, one swap after the other. @throws SwapError, BusyError. */
  swap(options: {
    readonly release?: string | undefined;
    readonly trialMs: number;
  }): Promise<SwapReport> {
    return this.#swaps.run(async () => {
      if (this.draining) throw new DrainingError("swap workers");
      const { release, trialMs } = options;
      const { releases } = this.#config;
      const file = release === undefined ? undefined : await releaseWorkerFile(releases, release);
      const report = await this.#deps.workers.swap({ file, trialMs });
      this.#deps.events.emit("swap", report);
      return report;
    });
  }

  /**
   * Lets a new primary process take this one's place: it gets the listening sockets, the table and,
   * when it serves, every connection; then this process ends. @throws SwapError, DrainingError;
   * then everything goes on as before.
   */
  upgrade(options: UpgradeOptions): Promise<UpgradeReport> {
    return this.#swaps.run(async () => {
      if (this.draining) throw new DrainingError("upgrade");
      const successor = await this.#startSuccessor(options);
      this.draining = true;
      this.#deps.log.info("upgrade.serving", { pid: successor.pid });
      void this.#leaveTo(successor).then(this.#drained.resolve, this.#drained.reject);
      return { pid: successor.pid, replaced: process.pid };
    });
  }

  async #startSuccessor({ release }: UpgradeOptions): Promise<Successor> {
    const { services, sockets, store, registry, configPath, env } = this.#deps;
    const file = await programFile(this.#config.releases, release);
    const taken = services.hold();
    registry?.yield();
    try {
      const table = await taken;
      return await Successor.start({ file, configPath, env, sockets: sockets.all, table });
    } catch (error) {
      await store.reclaim();
      registry?.resume();
      services.release();
      throw error;
    }
  }

  async #leaveTo(successor: Successor): Promise<void> {
    const { workers, log } = this.#deps;
    // The API answers the call that asked for this, then it is the successor's.
    await this.#closeApi();
    this.#deps.migrations.close();
    const counts = await workers.giveAll((connection, handle, onGone) =>
      successor.give(connection, handle, onGone),
    );
    await successor.leave(counts);
    await this.#closeServices();
    log.info("upgrade.done", { pid: successor.pid });
  }

  /**
   * Reads the configuration file again. A file that cannot be used, or names an address in use,
   * changes nothing; nor do filters that cannot be used, whose files are read again too.
   * @throws ConfigError, FilterRefusedError, ListenError, DrainingError, BusyError.
   */
  reload(): Promise<ReloadReport> {
    return this.#reloads.run(() => this.#reload());
  }

  async #reload(): Promise<ReloadReport> {
    if (this.draining) throw new DrainingError("reload");
    const before = this.#config;
    const next = await this.#deps.readConfig();
    const needsRestart = NEED_RESTART.filter((key) => !isDeepStrictEqual(before[key], next[key]));
    const changes = listenerChanges(before.listeners, next.listeners);
    // Sockets first: what can be refused is refused before a request sees any of it.
    await this.#reserve(changes.opened);
    const services = await this.#reloadServices(before.documents, next.documents).catch(
      async (error: unknown) => {
        await this.#giveBack(changes.opened);
        throw error;
      },
    );
    const listeners = await this.#reloadListeners(changes);
    this.#config = { ...next, ...pick(before, needsRestart) };
    const report = { services, listeners, needsRestart };
    this.#deps.events.emit("reload", report);
    return report;
  }

  /** Services that the file says otherwise than before; what the API changed since stays. */
  async #reloadServices(
    before: Readonly<Record<string, ServiceDocument>>,
    next: Readonly<Record<string, ServiceDocument>>,
  ): Promise<ReloadReport["services"]> {
    const { services } = this.#deps;
    const context = { actor: "file", reason: "reload", ifMatch: "*" } as const;
    const replaced = Object.keys(next).filter(
      (name) => !isDeepStrictEqual(before[name], next[name]),
    );
    const removed = Object.keys(before).filter((name) => !(name in next));
    const known = services.names();
    const documents = new Map<string, ServiceDocument | undefined>([
      ...removed.filter((name) => known.includes(name)).map((name) => [name, undefined] as const),
      ...replaced.map((name) => [name, next[name]] as const),
    ]);
    await services.putAll("reload", documents, context, "*");
    return { replaced, removed };
  }

  /** Binds the sockets of listeners that are new. @throws ListenError, and then none is bound. */
  async #reserve(listeners: ListenerChanges["opened"]): Promise<void> {
    try {
      for (const { listener } of listeners) await this.#deps.workers.reserve(listener.bind);
    } catch (error) {
      await this.#giveBack(listeners);
      throw error;
    }
  }

  async #giveBack(listeners: ListenerChanges["opened"]): Promise<void> {
    for (const { listener, isNew } of listeners) {
      if (isNew) await this.#deps.workers.unlisten(listener.bind);
    }
  }

  async #reloadListeners(changes: ListenerChanges): Promise<ReloadReport["listeners"]> {
    for (const { listener } of changes.opened) await this.#listen(listener);
    for (const bind of changes.closed) await this.#deps.workers.unlisten(bind);
    return { opened: changes.opened.map(({ listener }) => listener.bind), closed: changes.closed };
  }

  async #listen(listener: ListenerSnapshot): Promise<void> {
    const address = await this.#deps.workers.listen(listener);
    const { bind, service } = listener;
    this.#deps.log.info("listener.open", { bind, address, service });
  }

  /** Resolves with the API's URL, or with the address of its Unix socket. */
  async #listenApi(api: FastifyInstance): Promise<string> {
    const { sockets } = this.#deps;
    const { bind } = this.#config.control;
    // Its own name: with port 0 a listener may have the same bind, and must not have its socket.
    const name = `control ${bind}`;
    const socket = await sockets.open(bind, name);
    await api.ready();
    await new Promise<void>((resolve, reject) => {
      api.server.once("error", reject);
      api.server.listen(socket, resolve);
    });
    return bind.startsWith("unix:") ? bind : `http://${sockets.address(name)}`;
  }

  async #drain(): Promise<void> {
    // Half a start cannot be drained. One that fails closes what it has opened, and says why.
    await this.#starting;
    const { clock, log, workers } = this.#deps;
    const { acceptForMs, ...policy } = this.#config.drain;
    log.info("drain.begin", { acceptForMs, ...policy });
    await this.#deps.registry?.leave(this.#hurry.signal);
    await clock.sleep(acceptForMs, this.#hurry.signal).catch(() => undefined);
    this.#deps.migrations.close();
    await workers.drain(policy);
    await this.#close();
    log.info("drain.done");
  }

  /** Ends everything but the workers. */
  async #close(): Promise<void> {
    await this.#closeApi();
    await this.#closeServices();
    await this.#deps.store.close();
  }

  /** Who writes to the services ends before them, who tells them of endpoints after. */
  async #closeServices(): Promise<void> {
    const { registry, services, discovery } = this.#deps;
    await registry?.detach();
    await services.close();
    await discovery.close();
    await registry?.close();
  }

  /** Lets calls of the API end, unless there is a hurry. */
  async #closeApi(): Promise<void> {
    const api = this.#api;
    const { signal } = this.#hurry;
    const cut = (): void => api?.server.closeAllConnections();
    api?.server.close();
    const closed = api?.close();
    if (signal.aborted) cut();
    signal.addEventListener("abort", cut, { once: true });
    await closed;
  }
}

function pick<Key extends keyof Config>(config: Config, keys: readonly Key[]): Pick<Config, Key> {
  return Object.fromEntries(keys.map((key) => [key, config[key]])) as Pick<Config, Key>;
}
