import { pause } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { LiveAccess } from "../api/auth/access.ts";
import type { SidecarControl } from "../api/deps.ts";
import type { Config } from "../config/config-schema.ts";
import { DrainingError } from "../base/errors.ts";
import type { Events } from "../records/events.ts";
import type { Registry } from "../registry/registry.ts";
import { Serial } from "../base/serial.ts";
import type { ListeningSockets } from "../workers/listening-sockets.ts";
import type { Services } from "../table/services.ts";
import type { Asker } from "../table/table-sink.ts";
import type { Certificates } from "../tls/certificates.ts";
import type { OwnCertificate } from "../tls/own-certificate.ts";
import type { Store } from "../store/store.ts";
import type { SwapReport } from "../workers/swap.ts";
import { programFile, releaseWorkerFile } from "../base/program-files.ts";
import type { Workers } from "../workers/workers.ts";
import { warnOfDifferences } from "./file-differences.ts";
import { reopenAccessLog } from "./access-log-file.ts";
import { closeAll, listenAll, removeApiFile } from "./api-servers.ts";
import type { ApiServers } from "./api-servers.ts";
import { openListener } from "./open-listener.ts";
import { reload } from "./reload.ts";
import type { ReloadDeps, ReloadOptions, ReloadReport } from "./reload.ts";
import { assertServiceOutlives, ownOrigin } from "./service-process.ts";
import { ServiceManager, toldReload } from "./service-manager.ts";
import { leaveTo, startSuccessor } from "./upgrade.ts";
import type { SuccessionDeps, UpgradeOptions, UpgradeReport } from "./upgrade.ts";

/**
 * Reloads that may wait or run at once: the last one reads everything that the others would read.
 */
const RELOADS_WAITING_MAX = 2;

/** Swaps that may run or wait: they come from people and deploy scripts. */
const SWAPS_WAITING_MAX = 4;

/** What a sidecar is made of, already composed. */
export type SidecarDeps = ReloadDeps &
  SuccessionDeps & {
    readonly services: Services;
    readonly access: Pick<LiveAccess, "close">;
    /** The certificate of the API. undefined: it has none. */
    readonly own?: Pick<OwnCertificate, "close"> | undefined;
    readonly certificates: Certificates;
    /** Finds and checks endpoints; it ends with the sidecar. */
    readonly discovery: { close(): Promise<void> };
    readonly store: Store;
    /** undefined: this sidecar is known nowhere and shares nothing. */
    readonly registry?: Registry | undefined;
    readonly rollouts: { start(): Promise<void>; close(): Promise<void> };
    /** Sends what workers have traced; what they tell last is there before it ends. */
    readonly spans: { close(): Promise<void> };
    readonly workers: Workers;
    readonly sockets: ListeningSockets;
    readonly events: Events;
    readonly clock: Clock;
  };

/** A running sidecar as a whole: its start, its readiness, reload and end. */
export class Sidecar implements SidecarControl {
  readonly #deps: SidecarDeps;
  readonly #manager: ServiceManager | undefined;
  #config: Config;
  #started = false;
  #starting: Promise<void> = Promise.resolve();
  #servers: ApiServers | undefined;
  readonly #reloads = new Serial(RELOADS_WAITING_MAX);
  readonly #swaps = new Serial(SWAPS_WAITING_MAX);
  readonly #drained = Promise.withResolvers<void>();
  readonly #hurry = new AbortController();
  draining = false;
  reloads: SidecarControl["reloads"];

  constructor(config: Config, deps: SidecarDeps) {
    this.#config = config;
    this.#manager = ServiceManager.of(deps.env, deps.log);
    this.#deps = { ...deps, manager: this.#manager };
    this.reloads = { lastSuccessMs: deps.clock.wallMs(), isSuccessful: true };
    // Whoever waits for the end hears of a failure there; there may be nobody any more.
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
  async start(servers: ApiServers): Promise<void> {
    this.#servers = servers;
    this.#starting = this.#start(servers);
    try {
      await this.#starting;
    } catch (error) {
      this.#deps.workers.close();
      await this.#close();
      throw error;
    }
  }

  async #start(servers: ApiServers): Promise<void> {
    const { certificates, services, workers, registry, rollouts, log } = this.#deps;
    await certificates.start(this.#config);
    await workers.start();
    registry?.start();
    await services.start(this.#config.documents);
    warnOfDifferences(this.#config, services, log);
    await registry?.settle(services);
    await rollouts.start();
    for (const listener of this.#config.listeners) await openListener(this.#deps, listener);
    const address = await listenAll(servers, this.#deps, this.#config);
    this.#started = true;
    registry?.arrive(services, address, () => this.ready.ok);
    log.info("sidecar.ready", { revision: services.revision, ...this.#config.drain });
    void this.#manager?.ready();
    this.#manager?.watch();
  }

  /** Begins to drain; a second call changes nothing. `drained` resolves at the end. */
  drain(by: Asker): void {
    if (this.draining) return;
    this.draining = true;
    this.#deps.log.info("drain.asked", by);
    this.#deps.events.emit({ kind: "drain", scope: "sidecar", ...this.#config.drain });
    void this.#drain().then(this.#drained.resolve, this.#drained.reject);
  }

  /** Stops waiting: what is left is cut. */
  hurry(): void {
    this.#hurry.abort();
    this.#deps.workers.close();
  }

  /** Replaces the workers' code, one swap at a time. @throws SwapError, BusyError. */
  swap(options: {
    readonly release?: string | undefined;
    readonly trialMs: number;
    readonly signal?: AbortSignal;
    readonly by: Asker;
  }): Promise<SwapReport> {
    return this.#swaps.run(async () => {
      if (this.draining) throw new DrainingError("swap workers");
      const { release, by, ...trial } = options;
      const { releases } = this.#config;
      const file = release === undefined ? undefined : await releaseWorkerFile(releases, release);
      const report = await this.#deps.workers.swap({ file, ...trial });
      this.#deps.events.emit({ kind: "swap", ...report });
      const pids = { started: report.started.join(", "), retired: report.retired.join(", ") };
      this.#deps.log.info("swap.done", { ...by, release, ...pids });
      return report;
    });
  }

  /**
   * Lets a new primary process take this one's place: it gets the listening sockets, the table and,
   * when it serves, every connection; then this process ends. @throws SwapError, DrainingError,
   * EndsServiceError; then everything continues as before.
   */
  upgrade(options: UpgradeOptions): Promise<UpgradeReport> {
    return this.#swaps.run(async () => {
      if (this.draining) throw new DrainingError("upgrade");
      const { force, release } = options;
      if (!force) assertServiceOutlives(ownOrigin, this.#manager?.isReached);
      const file = await programFile(this.#config.releases, release);
      const successor = await startSuccessor(this.#deps, file, force);
      this.draining = true;
      this.#manager?.close();
      this.#deps.log.info("upgrade.serving", { ...options.by, pid: successor.pid });
      const ends = {
        closeApi: () => this.#closeApi(),
        closeServices: () => this.#closeServices(),
      };
      void leaveTo(successor, this.#deps, ends).then(this.#drained.resolve, this.#drained.reject);
      return { pid: successor.pid, replaced: process.pid };
    });
  }

  /**
   * Reads the configuration file again. A file that cannot be used, or names an address in use,
   * changes nothing; nor do filters that cannot be used, whose files are read again too.
   * @throws ConfigError, ValidationError, FilterRefusedError, ListenError, DrainingError and
   *   BusyError
   */
  reload(options: ReloadOptions): Promise<ReloadReport> {
    return this.#reloads.run(async () => {
      if (this.draining) throw new DrainingError("reload");
      const manager = options.plan ? undefined : this.#manager;
      const reloaded = toldReload(manager, () => reload(this.#deps, this.#config, options));
      const { config, report } = await reloaded.catch(async (error: unknown) => {
        // Whoever rotates logs does not know of the file's mistakes.
        if (options.plan) throw error;
        this.reloads = { ...this.reloads, isSuccessful: false };
        await reopenAccessLog(this.#config, this.#deps);
        throw error;
      });
      if (options.plan) return report;
      this.#config = config;
      this.reloads = { lastSuccessMs: this.#deps.clock.wallMs(), isSuccessful: true };
      const { replaced, removed } = report.services;
      this.#deps.events.emit({ kind: "reload", services: [...replaced, ...removed], report });
      const { actor, reason } = options;
      this.#deps.log.info("reload.done", { actor, reason, report: JSON.stringify(report) });
      return report;
    });
  }

  async #drain(): Promise<void> {
    // A half-finished start cannot be drained. One that fails closes what it has opened and says
    // why.
    await this.#starting;
    const { clock, log, workers } = this.#deps;
    const { acceptForMs, ...policy } = this.#config.drain;
    log.info("drain.begin", { acceptForMs, ...policy });
    void this.#manager?.stopping(acceptForMs + policy.hardMs);
    // Traffic that leaves tells nothing of a version.
    await this.#deps.rollouts.close();
    await this.#deps.registry?.leave(this.#hurry.signal);
    await pause(clock, acceptForMs, this.#hurry.signal);
    this.#deps.migrations.close();
    await workers.drain(policy);
    await this.#close();
    await removeApiFile(this.#config);
    log.info("drain.done");
  }

  /** Ends everything except the workers. */
  async #close(): Promise<void> {
    await this.#closeApi();
    await this.#closeServices();
    await this.#deps.store.close();
  }

  /** What writes to the services ends before them; what tells them of endpoints ends after. */
  async #closeServices(): Promise<void> {
    const { registry, services, discovery, certificates, rollouts, spans } = this.#deps;
    await Promise.all([registry?.detach(), rollouts.close()]);
    await services.close();
    await Promise.all([discovery.close(), certificates.close(), spans.close()]);
    await registry?.close();
  }

  async #closeApi(): Promise<void> {
    const closed = this.#servers && closeAll(this.#servers, this.#hurry.signal);
    this.#deps.access.close();
    this.#deps.own?.close();
    await closed;
  }
}
