import { orLate } from "../../proxy/base/deadline.ts";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Random } from "../../proxy/base/random.ts";
import type { Config, ConsulConfig } from "../config/config-schema.ts";
import { acknowledging } from "./acknowledging.ts";
import { ConsulDiscovery } from "./consul-discovery.ts";
import type { Events } from "../records/events.ts";
import type { Registry } from "./registry.ts";
import type { Services } from "../table/services.ts";
import type { ConsulStore } from "./consul-store.ts";
import type { TableSink } from "../table/table-sink.ts";
import { ConsulClient } from "../consul/client.ts";
import type { SidecarFleet } from "./sidecar-fleet.ts";
import { SharedTable, type SharedTableOptions } from "./shared-table.ts";
import { MeshLink } from "./mesh-link.ts";
import { heartbeat } from "./heartbeat.ts";
import { consulOptionsOf, registrationOf, trustOf } from "./options.ts";
import { followTokenFile } from "./token-file.ts";
import { Registrar } from "./registration.ts";
import { sidecarNameOf } from "./sidecar-name.ts";
import { Splitters } from "./splitters.ts";
import type { StoredTable } from "../store/store.ts";

/**
 * How long a start waits for endpoints. With Consul away it serves without those that it does not
 * know.
 */
const SETTLE_WITHIN_MS = 5_000;
/** How long the end waits for a Consul that hangs. */
const CLOSE_WITHIN_MS = 2_000;

/** What a link needs to know besides the configuration. */
export type ConsulLinkDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /**
   * Receives `store` events; `problem`: why the table in force may differ from Consul's. Absent: it
   * does not.
   */
  readonly events: Events;
};

/** Everything of a sidecar that talks to Consul, made from its configuration. */
export class ConsulLink implements Registry {
  readonly client: ConsulClient;
  readonly discovery: ConsulDiscovery;
  /** undefined: the table is kept elsewhere. */
  readonly shared: SharedTable | undefined;
  /** undefined: the configuration has no `register:`. */
  readonly #registrar: Registrar | undefined;
  readonly #deps: ConsulLinkDeps;
  /** undefined: we are nobody in the mesh. */
  readonly mesh: MeshLink | undefined;
  /** undefined: the token stays as it is. */
  readonly #tokenFile: string | undefined;
  readonly #ending = new AbortController();
  #splitters: Splitters | undefined;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(
    client: ConsulClient,
    config: Config & { readonly consul: ConsulConfig },
    deps: ConsulLinkDeps,
    shared: Pick<SharedTableOptions, "trust" | "before"> | undefined,
  ) {
    const common = { ...deps, client };
    const { copies, warningIsHealthy, tokenFile, connect } = config.consul;
    const host = hostname();
    const { name: sidecar, isLasting } = sidecarNameOf(config, { host, pid: process.pid });
    const copyPath = (file: string): string | undefined =>
      copies === false || !isLasting ? undefined : join(copies, sidecar, file);
    this.#deps = deps;
    this.client = client;
    this.#tokenFile = tokenFile;
    this.mesh = connect && new MeshLink(connect.service);
    this.discovery = new ConsulDiscovery(common, {
      copyPath: copyPath("endpoints.json"),
      warningIsHealthy,
    });
    if (shared !== undefined && config.store.kind === "consul") {
      const { prefix } = config.store;
      const advertised = config.consul.fleet.address;
      const place = { prefix, sidecar, host, advertised, copyPath };
      this.shared = new SharedTable(common, { ...place, ...shared });
    }
    if (config.register !== undefined) {
      this.#registrar = new Registrar(
        common,
        registrationOf(config.register, isLasting ? sidecar : undefined),
      );
    }
    deps.log.info("consul.sidecar", { sidecar, copies: copyPath("") });
  }

  /**
   * Reads certificates, keys and copies; asks Consul nothing. `before`: what a predecessor had in
   * force; undefined: there is none.
   * @throws ConfigError
   */
  static async open(
    config: Config,
    consul: ConsulConfig,
    deps: ConsulLinkDeps,
    before?: StoredTable,
  ): Promise<ConsulLink> {
    const client = new ConsulClient(await consulOptionsOf(consul), deps.clock);
    const trust = await trustOf(config.store);
    const link = new ConsulLink(client, { ...config, consul }, deps, trust && { trust, before });
    await link.discovery.load();
    await link.shared?.makeFolder();
    return link;
  }

  /** Aborted when the link is closed. */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** undefined: the table is kept elsewhere. */
  get store(): ConsulStore | undefined {
    return this.shared?.store;
  }

  get fleet(): SidecarFleet | undefined {
    return this.shared?.fleet;
  }

  revised(names: readonly string[], isOurs: boolean): void {
    this.#splitters?.revised(names, isOurs);
  }

  start(): void {
    const common = { ...this.#deps, client: this.client };
    const { signal } = this.#ending;
    this.mesh?.start(common, this.discovery);
    this.#running = Promise.all([
      heartbeat(common, signal),
      this.#tokenFile !== undefined && followTokenFile(common, this.#tokenFile, signal),
      this.shared?.run(signal),
    ]);
  }

  /** Waits `withinMs` at most: without Consul the endpoints of the copy are used. */
  async settle(services: Services, withinMs = SETTLE_WITHIN_MS): Promise<void> {
    const known = Promise.all([this.mesh?.whenTried(), this.discovery.whenKnown()]);
    await this.#atMost(withinMs, known);
    await Promise.all(services.names().map(async (name) => services.refresh(name)));
  }

  arrive(services: Services, api: string, isWell: () => boolean): void {
    this.#splitters = new Splitters({ ...this.#deps, client: this.client, services });
    this.shared?.arrive(api);
    this.#registrar?.start(isWell);
  }

  async leave(signal: AbortSignal): Promise<void> {
    await this.#registrar?.leave(signal);
  }

  yield(): void {
    this.fleet?.yield();
  }

  resume(): void {
    this.fleet?.resume();
  }

  async detach(): Promise<void> {
    await Promise.all([this.#splitters?.close(), this.#registrar?.stop()]);
  }

  /**
   * Ends everything, including the store except its follow(), which ends with the services. Aborts
   * calls that a hanging Consul has not answered.
   */
  async close(): Promise<void> {
    this.#ending.abort();
    const parts = [this.mesh, this.discovery, this.store];
    const closed = Promise.all([this.#running, ...parts.map(async (part) => part?.close())]);
    await this.#atMost(CLOSE_WITHIN_MS, closed);
    await this.client.close();
    await closed;
  }

  /** See acknowledging(). */
  acknowledging(sink: TableSink): TableSink {
    return acknowledging(sink, this.fleet);
  }

  /** What may be out of date besides the table, and why. Empty: nothing is. */
  get stale(): readonly string[] {
    const registration = this.#registrar?.problem;
    return [
      ...this.discovery.problems,
      ...(this.mesh?.problems ?? []),
      ...(this.#splitters?.problems ?? []),
      ...(registration === undefined ? [] : [`registration: ${registration}`]),
    ];
  }

  /** Time since what we know from Consul was last confirmed. 0: it is current. */
  stalenessMs(): number {
    return Math.max(this.discovery.stalenessMs(), this.store?.stalenessMs() ?? 0);
  }

  /** Resolves with the work, or after this time without it. */
  async #atMost(withinMs: number, work: Promise<unknown>): Promise<void> {
    await orLate(work, withinMs, this.#deps.clock, () => undefined);
  }
}
