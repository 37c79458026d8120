import { isDeepStrictEqual } from "node:util";
import { HostIndex } from "../../proxy/table/host-index.ts";
import type { ListenerSnapshot, VersionSnapshot } from "../../proxy/table/snapshot.ts";
import type { Problem } from "../base/errors.ts";
import { namedAddress } from "../config/address.ts";
import { leadsTo, listenedServices } from "../config/listened-services.ts";
import type { ServiceVersion } from "../config/service.ts";
import type { DesiredService, DesiredTable } from "./desired-table.ts";
import { hasUsableEndpoint, servedShare } from "./serving.ts";

/** A service that would lose everything that serves it. */
export type Outage = {
  readonly service: string;
  /** Whether it is one even without traffic: a listener leads to a service that is gone. */
  readonly isAlways: boolean;
  readonly problem: Problem;
};

/** A change of the table, and the listeners that lead to it. */
export type TableTurn = {
  readonly before: DesiredTable;
  readonly after: DesiredTable;
  readonly listenersBefore: readonly ListenerSnapshot[];
  readonly listenersAfter: readonly ListenerSnapshot[];
};

/**
 * The services that something serves before a change and nothing after it, whether they have
 * traffic or not. A service can be reached by its hosts, by every listener, and by a listener of
 * its own. One that could not serve before cannot get worse. Versions whose endpoints discovery has
 * not looked up yet have the benefit of the doubt.
 */
export function outagesOf(turn: TableTurn): Outage[] {
  const { before, after } = turn;
  const changed = [...before.services].filter(
    ([name, { snapshot }]) =>
      after.services.get(name)?.snapshot !== snapshot && servedShare(snapshot) > 0,
  );
  const lost = changed.flatMap(([, old]) => lostServing(old, turn));
  return [...lost, ...listenersWithout(turn)];
}

function lostServing(old: DesiredService, { before, after, listenersAfter }: TableTurn): Outage[] {
  const { name, hosts } = old.snapshot;
  const now = after.services.get(name);
  if (now !== undefined && !mayServe(now, old)) {
    const found = now.snapshot.versions.map(flawOf).join(", ");
    const wanted = "a version that is ready and has an endpoint that can take work";
    return [outage(name, { path: `services.${name}`, wanted, found })];
  }
  // If the service goes away under its listener, listenersWithout() tells of that.
  if (listenersAfter.some((listener) => leadsTo(listener, name))) return [];
  if (now !== undefined && hosts.every((host) => now.snapshot.hosts.includes(host))) return [];
  // Only listeners lead to one of kind tcp, and none does.
  if (hosts.length === 0) return [];
  const index = servingHosts(after, before);
  if (hosts.some((host) => index.find(host) !== undefined)) return [];
  const wanted = `something that serves ${hosts.join(", ")}`;
  return [outage(name, { path: `services.${name}`, wanted, found: "no service" })];
}

function outage(service: string, problem: Problem): Outage {
  return { service, isAlways: false, problem };
}

/** Listeners for a service that is not there, unless that is nothing new. */
function listenersWithout({ before, after, ...turn }: TableTurn): Outage[] {
  const known = new Map(turn.listenersBefore.map((listener) => [listener.bind, listener]));
  return turn.listenersAfter.flatMap((listener) => {
    const { bind } = listener;
    const old = known.get(bind);
    const gone = listenedServices(listener).filter(({ service }) => {
      if (after.documents.has(service)) return false;
      return before.documents.has(service) || old === undefined || !leadsTo(old, service);
    });
    return gone.map(({ service }): Outage => {
      const problem = { path: `listener ${bind}`, wanted: `service ${service}`, found: "none" };
      return { service, isAlways: true, problem };
    });
  });
}

function servingHosts(after: DesiredTable, before: DesiredTable): HostIndex {
  const serving = [...after.services].filter(([name, now]) =>
    mayServe(now, before.services.get(name)),
  );
  return new HostIndex(serving.map(([, { snapshot }]) => snapshot));
}

function mayServe({ snapshot, service }: DesiredService, old: DesiredService | undefined): boolean {
  const unknown = service.versions.filter((version) => {
    const was = old?.service.versions.find(({ name }) => name === version.name);
    return isLookedUp(version) && !isDeepStrictEqual(was?.source, version.source);
  });
  const names = new Set(unknown.map(({ name }) => name));
  return servedShare(snapshot, (each) => hasUsableEndpoint(each) || names.has(each.name)) > 0;
}

/** Whether discovery has to look for endpoints of the version. */
function isLookedUp({ source }: ServiceVersion): boolean {
  if (source.kind === "consul") return true;
  return source.endpoints.some(({ address }) => namedAddress(address) !== undefined);
}

function flawOf(version: VersionSnapshot): string {
  const { name, state, weight } = version;
  if (state !== "ready") return `${name} in ${state}`;
  return hasUsableEndpoint(version)
    ? `${name} at weight ${weight}`
    : `${name} without a usable endpoint`;
}
