import { bindsOverlap } from "./bind-reach.ts";
import { hostsOf } from "./compile-service.ts";
import { checkControl } from "./control-schema.ts";
import type { ReadConfig } from "./config-shape.ts";
import { pathText } from "./problems.ts";
import { kindOf, listenedServices, wrongKinds } from "./listened-services.ts";
import { ownBinds } from "./own-binds.ts";
import { listenersBelow, serviceBelow } from "./floor.ts";
import { ownEndpoints } from "./own-endpoints.ts";
import type { CrossProblem } from "./cross-problem.ts";
import type { Service } from "./service.ts";
import { checkListenersTls } from "./tls-checks.ts";
import { CONNECT_IDENTITY } from "./tls-files.ts";

/** Everything in a configuration that contradicts something else in it. */
export function checkConfig(config: ReadConfig): CrossProblem[] {
  return [
    ...checkControl(config.control),
    ...checkBinds(config),
    ...checkProxyProtocol(config),
    ...checkListenersTls(config.listeners, config.listenerFiles),
    ...checkOwnEndpoints(config),
    ...checkListenedServices(config),
    ...checkListenedKinds(config),
    ...checkConsul(config),
    ...checkHosts(config),
    ...checkFloor(config),
  ];
}

/** What documents may not fall below, the file itself must not. */
function checkFloor({ require: floor, listeners, services: all }: ReadConfig): CrossProblem[] {
  const below = Object.entries(all).flatMap(([name, service]) =>
    serviceBelow(floor, name, service).map(({ path, ...flaw }) => ({
      ...flaw,
      path: ["services", name, ...path],
    })),
  );
  return [...listenersBelow(floor, listeners), ...below];
}

/** A listener is known by its bind, so another one with port 0 would share its socket. */
function checkBinds(config: ReadConfig): CrossProblem[] {
  const all = ownBinds(config);
  return all.flatMap(({ bind, path, isListener }, index) => {
    const other = all
      .slice(0, index)
      .find(
        (each) =>
          (isListener && each.isListener && each.bind === bind) || bindsOverlap(bind, each.bind),
      );
    if (other === undefined) return [];
    const as = other.bind === bind ? "as in" : `which overlaps with ${other.bind} of`;
    const found = `${JSON.stringify(bind)}, ${as} ${pathText(other.path)}`;
    return [{ path, wanted: "each address once", found }];
  });
}

/** Without a trusted peer, a listener with the PROXY protocol would turn everybody away. */
function checkProxyProtocol({ listeners }: ReadConfig): CrossProblem[] {
  return listeners.flatMap(({ bind, proxyProtocol, trustedPeers }, index) => {
    const isUnix = bind.startsWith("unix:");
    if (!proxyProtocol || trustedPeers.some((peer) => (peer === "unix") === isUnix)) return [];
    const path = ["listeners", index, "trustedPeers"];
    const wanted = "those who may send the PROXY header";
    return [{ path, wanted, found: `none who could come by ${bind}` }];
  });
}

/** Requests to them would go round for ever, or change the table. */
function checkOwnEndpoints(config: ReadConfig): CrossProblem[] {
  const binds = ownBinds(config).map(({ bind }) => bind);
  return Object.entries(config.services).flatMap(([service, { versions }]) =>
    ownEndpoints(versions, binds).map(({ path, ...flaw }) => ({
      ...flaw,
      path: ["services", service, ...path],
    })),
  );
}

/** A store may hold other services than the file, so this is all that can be known. */
function checkListenedServices({
  listeners,
  services: known,
  store: kept,
}: ReadConfig): CrossProblem[] {
  if (kept.kind !== "memory") return [];
  const wanted = "one of the services of this file";
  return listeners.flatMap((listener, index) =>
    listenedServices(listener)
      .filter(({ service }) => !Object.hasOwn(known, service))
      .map(({ service, path }) => {
        return { path: ["listeners", index, ...path], wanted, found: JSON.stringify(service) };
      }),
  );
}

/** What a listener speaks its services must speak too. */
function checkListenedKinds({ listeners, services: known }: ReadConfig): CrossProblem[] {
  const flaws = wrongKinds(listeners, (service) =>
    Object.hasOwn(known, service) ? kindOf(known[service]) : undefined,
  );
  return flaws.map(({ path, ...flaw }) => ({ ...flaw, path: ["listeners", ...path] }));
}

function checkConsul({
  store: kept,
  register: own,
  services: all,
  consul: given,
  listeners,
}: ReadConfig): CrossProblem[] {
  if (given !== undefined) {
    const flaws = given.connect === undefined ? checkConnect(listeners, all) : [];
    return [...flaws, ...checkProxy({ register: own, consul: given, listeners })];
  }
  const users = [
    ...(kept.kind === "consul" ? ["store"] : []),
    ...(own === undefined ? [] : ["register"]),
    ...listeners.flatMap(({ tls }, at) => (tls?.intentions ? [`listeners[${at}].tls`] : [])),
    ...Object.entries(all).flatMap(([service, value]) =>
      usesConsul(value) ? [`services.${service}`] : [],
    ),
  ];
  if (users.length === 0) return [];
  const wanted = `how to reach Consul, which ${users.join(", ")} uses`;
  return [{ path: ["consul"], wanted, found: "nothing" }];
}

/** Who we are in the mesh, everything that speaks in it must know. */
function checkConnect(
  listeners: ReadConfig["listeners"],
  all: ReadConfig["services"],
): CrossProblem[] {
  const users = [
    ...listeners.flatMap(({ tls }, at) => (tls?.intentions ? [`listeners[${at}].tls`] : [])),
    ...Object.entries(all).flatMap(([service, { upstreamTls }]) =>
      upstreamTls?.tls.identity === CONNECT_IDENTITY ? [`services.${service}.upstream`] : [],
    ),
  ];
  if (users.length === 0) return [];
  const wanted = `the service that we are in the mesh, which ${users.join(", ")} uses`;
  return [{ path: ["consul", "connect"], wanted, found: "nothing" }];
}

/** Whoever finds the proxy speaks the mesh's TLS to it, and wants the service that it says. */
function checkProxy({
  register: own,
  consul: given,
  listeners,
}: Pick<ReadConfig, "register" | "consul" | "listeners">): CrossProblem[] {
  if (own?.connectProxy !== true) return [];
  const service = given?.connect?.service;
  const flaws: CrossProblem[] = [];
  if (service !== own.service) {
    const wanted = "the service of consul.connect beside connectProxy";
    const there = JSON.stringify(service ?? "nothing");
    const found = `${JSON.stringify(own.service)}, and there ${there}`;
    flaws.push({ path: ["register", "service"], wanted, found });
  }
  if (!listeners.some(({ tls }) => tls?.intentions)) {
    const wanted = "a listener with tls: connect, which the proxy is";
    flaws.push({ path: ["register", "connectProxy"], wanted, found: "none" });
  }
  return flaws;
}

function usesConsul(service: Service): boolean {
  return (
    service.splitter !== undefined ||
    service.versions.some(({ source }) => source.kind === "consul")
  );
}

function checkHosts({ services: all }: ReadConfig): CrossProblem[] {
  const owners = new Map<string, string>();
  return Object.entries(all).flatMap(([service, value]) =>
    hostsOf(service, value).flatMap((host, index) => {
      const owner = owners.get(host) ?? service;
      owners.set(host, owner);
      if (owner === service) return [];
      const step = value.hosts === undefined ? [] : ["hosts", index];
      const found = `${JSON.stringify(host)} of service ${owner}`;
      const wanted = "a host that no other service has";
      return [{ path: ["services", service, ...step], wanted, found }];
    }),
  );
}
