import { isDeepStrictEqual } from "node:util";
import { HostIndex } from "./host-index.ts";
import { ServiceTable } from "./service-table.ts";
import type { ServiceSnapshot, Snapshot, TableChange } from "./snapshot.ts";

/**
 * All services of one revision, compiled and never changed: a request that holds a table sees one
 * revision from its first byte to its last. A change makes another table that shares every service
 * it does not touch.
 */
export class RoutingTable {
  /** No service, revision 0. */
  static readonly empty: RoutingTable = new RoutingTable(0, new Map(), new HostIndex([]));

  readonly revision: number;
  /** By name. */
  readonly services: ReadonlyMap<string, ServiceTable>;
  readonly #hosts: HostIndex;

  private constructor(
    revision: number,
    services: ReadonlyMap<string, ServiceTable>,
    hosts: HostIndex,
  ) {
    this.revision = revision;
    this.services = services;
    this.#hosts = hosts;
  }

  /** Compiles a whole snapshot. It validates nothing: that is control's work. */
  static compile(snapshot: Snapshot): RoutingTable {
    const { revision, services } = snapshot;
    return RoutingTable.empty.with({ revision, replace: services, remove: [] });
  }

  /**
   * The table after a change. Services that it does not name, and those it replaces by equals, keep
   * their compiled object; the index of hosts is rebuilt only if some host moved.
   */
  with(change: TableChange): RoutingTable {
    const replace = change.replace.filter((snapshot) => !this.#holds(snapshot));
    const kept = new Set(change.replace.map((snapshot) => snapshot.name));
    const remove = change.remove.filter((name) => this.services.has(name) && !kept.has(name));
    if (replace.length + remove.length === 0) {
      return new RoutingTable(change.revision, this.services, this.#hosts);
    }
    const services = new Map(this.services);
    for (const name of remove) services.delete(name);
    for (const snapshot of replace) services.set(snapshot.name, new ServiceTable(snapshot));
    const moved = remove.length > 0 || replace.some((snapshot) => !this.#hasHosts(snapshot));
    const hosts = moved ? new HostIndex(snapshots(services)) : this.#hosts;
    return new RoutingTable(change.revision, services, hosts);
  }

  /**
   * The service of a host as sent, without port: see HostIndex.find. What it costs does not depend
   * on the number of services.
   */
  serviceByHost(host: string): ServiceTable | undefined {
    const name = this.#hosts.find(host);
    return name === undefined ? undefined : this.services.get(name);
  }

  #holds(snapshot: ServiceSnapshot): boolean {
    const current = this.services.get(snapshot.name);
    return current !== undefined && isDeepStrictEqual(current.snapshot, snapshot);
  }

  #hasHosts(snapshot: ServiceSnapshot): boolean {
    const current = this.services.get(snapshot.name);
    return current !== undefined && isDeepStrictEqual(current.snapshot.hosts, snapshot.hosts);
  }
}

function* snapshots(services: ReadonlyMap<string, ServiceTable>): Generator<ServiceSnapshot> {
  for (const service of services.values()) yield service.snapshot;
}
