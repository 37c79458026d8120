import type { ReadService, ReadVersion } from "./service-shape.ts";
import { canonicalEndpoint, namedAddress } from "./address.ts";
import type { CrossProblem } from "./cross-problem.ts";
import { checkUpstreamTls } from "./tls-checks.ts";

/** Everything in a service that contradicts something else in it. */
export function checkService(service: ReadService): CrossProblem[] {
  return [
    ...checkHosts(service.hosts ?? []),
    ...checkAffinity(service.affinity),
    ...checkBalance(service),
    ...checkVersionNames(service),
    ...service.routes.flatMap(checkActions),
    ...checkWeights(service.versions),
    ...checkFilters(service.filters),
    ...checkUpstreamTls(service.upstream, addressesOf(service)),
    ...checkProxyProtocol(service),
    ...Object.entries(service.versions).flatMap(([name, version]) => checkVersion(name, version)),
  ];
}

/** A connection that requests of many clients share cannot say who its client is. */
function checkProxyProtocol({ kind, upstream, healthCheck }: ReadService): CrossProblem[] {
  const version = upstream?.proxyProtocol;
  if (version === undefined) return [];
  if (kind === "tcp") return checkProxiedCheck(version, healthCheck?.question.kind);
  const wanted = "nothing in a service of kind http, whose requests have Forwarded fields";
  return [{ path: ["upstream", "proxyProtocol"], wanted, found: version }];
}

/** Only one that speaks for itself can begin as the endpoint wants it. */
function checkProxiedCheck(version: string, check: string | undefined): CrossProblem[] {
  if (check === undefined || check === "tcp") return [];
  const wanted = `tcp beside upstream.proxyProtocol: ${version}`;
  return [{ path: ["healthCheck", "kind"], wanted, found: check }];
}

function checkHosts(hosts: readonly string[]): CrossProblem[] {
  return repeats(hosts).map((index) => ({
    path: ["hosts", index],
    wanted: "each host once",
    found: `${quoted(hosts[index])} again`,
  }));
}

function checkAffinity(affinity: ReadService["affinity"]): CrossProblem[] {
  if (affinity === undefined) return [];
  const { cookie, header, query, clientIp, ...ofCookie } = affinity;
  const given = Object.entries({ cookie, header, query, clientIp })
    .filter(([, value]) => value !== undefined)
    .map(([key]) => key);
  if (given.length !== 1) {
    const wanted = "one of cookie, header, query or clientIp";
    return [{ path: ["affinity"], wanted, found: listed(given) }];
  }
  if (cookie !== undefined) return checkCookie(affinity);
  return Object.entries(ofCookie).map(([key, value]) => ({
    path: ["affinity", key],
    wanted: `${key} only beside cookie`,
    found: `${value}`,
  }));
}

/** A key must be there to choose by. */
function checkBalance({ kind, balance, affinity }: ReadService): CrossProblem[] {
  if (balance !== "affinity" || (kind === "http" && affinity !== undefined)) return [];
  const wanted =
    kind === "tcp"
      ? "p2c, leastRequest or roundRobin in a service of kind tcp"
      : "affinity only beside a key: affinity.cookie, .header, .query or .clientIp";
  return [{ path: ["balance"], wanted, found: affinity === undefined ? "no key" : balance }];
}

/** What browsers would not keep (RFC 6265bis section 5.7). */
function checkCookie(affinity: NonNullable<ReadService["affinity"]>): CrossProblem[] {
  const { cookie = "", set = true, secure = false, sameSite, domain, path = "/" } = affinity;
  const isHost = set && cookie.startsWith("__Host-");
  const mustBeSecure = sameSite === "None" || isHost || (set && cookie.startsWith("__Secure-"));
  const problems: CrossProblem[] = [];
  if (mustBeSecure && !secure) {
    const reason = sameSite === "None" ? "sameSite: None" : `cookie: ${cookie}`;
    const wanted = `true beside ${reason}, as browsers ignore the cookie otherwise`;
    problems.push({ path: ["affinity", "secure"], wanted, found: "false" });
  }
  if (isHost && (domain !== undefined || path !== "/")) {
    const wanted = `no domain, and no path but /, beside cookie: ${cookie}`;
    problems.push({ path: ["affinity"], wanted, found: domain === undefined ? path : domain });
  }
  return problems;
}

/** A filter's name is how the API and metrics call it; without one it is that of its file. */
function checkFilters(filters: ReadService["filters"]): CrossProblem[] {
  const names = filters.map(({ name }) => name);
  return repeats(names).map((index) => ({
    path: ["filters", index, "name"],
    wanted: "a name that no other filter of the service has",
    found: quoted(names[index]),
  }));
}

/** What answers a request itself sends it nowhere. */
function checkActions(route: ReadService["routes"][number], at: number): CrossProblem[] {
  const { answer, redirect, rewrite, request } = route;
  const path = ["routes", at];
  if (answer !== undefined && redirect !== undefined) {
    return [{ path, wanted: "either answer or redirect", found: "both" }];
  }
  if (answer === undefined) return [];
  const beside = Object.entries({ to: route.to, rewrite, request });
  return beside
    .filter(([, value]) => value !== undefined)
    .map(([key]) => ({
      path: [...path, key],
      wanted: `no ${key} beside answer, which goes to no endpoint`,
      found: "one",
    }));
}

function checkVersionNames(service: ReadService): CrossProblem[] {
  const names = Object.keys(service.versions);
  const references = [
    { path: ["stable"], name: service.stable },
    ...service.routes.map((route, index) => ({ path: ["routes", index, "to"], name: route.to })),
    { path: ["mirror", "to"], name: mirrored(service.mirror) },
    ...service.routes.map((route, index) => ({
      path: ["routes", index, "mirror", "to"],
      name: mirrored(route.mirror),
    })),
  ];
  return references
    .filter(({ name }) => name !== undefined && names.length > 0 && !names.includes(name))
    .map(({ path, name }) => ({
      path,
      wanted: `one of the versions ${names.join(", ")}`,
      found: quoted(name),
    }));
}

function mirrored(mirror: ReadService["mirror"]): string | undefined {
  return mirror === undefined || mirror === false ? undefined : mirror.to;
}

function checkWeights(versions: ReadService["versions"]): CrossProblem[] {
  const entries = Object.entries(versions);
  if (entries.length === 0) {
    return [{ path: ["versions"], wanted: "at least one version", found: "none" }];
  }
  const missing = entries.filter(([, version]) => version.weight === undefined);
  if (missing.length > 0 && entries.length > 1) {
    return missing.map(([name]) => ({
      path: ["versions", name, "weight"],
      wanted: "a weight, as there are other versions",
      found: "nothing",
    }));
  }
  const sum = entries.reduce((total, [, version]) => total + (version.weight ?? 1), 0);
  if (sum > 0) return [];
  return [{ path: ["versions"], wanted: WEIGHT_SUM_WANTED, found: "a sum of 0" }];
}

/** Why weights that are all 0 are refused: it is an outage that looks like a shift. */
export const WEIGHT_SUM_WANTED =
  "a sum of weights above 0 (to send a version nothing, set its state to drain or maint)";

function checkVersion(name: string, version: ReadVersion): CrossProblem[] {
  const path = ["versions", name];
  if ((version.endpoints === undefined) === (version.consul === undefined)) {
    const found = version.consul === undefined ? "neither" : "both";
    return [{ path, wanted: "either endpoints or consul", found }];
  }
  return [
    ...checkSelector(path, version.consul),
    ...checkEndpoints(path, version.endpoints ?? []),
    ...checkEndpointStates(path, version),
  ];
}

function checkSelector(
  version: readonly string[],
  selector: ReadVersion["consul"],
): CrossProblem[] {
  if (selector === undefined) return [];
  const path = [...version, "consul"];
  const problems: CrossProblem[] = [];
  const given = (["version", "tag", "filter"] as const).filter((key) => selector[key]);
  if (given.length > 1) {
    const wanted = "at most one of version, tag or filter";
    problems.push({ path, wanted, found: listed(given) });
  }
  const { service, query, filter, poll } = selector;
  if ((service === undefined) === (query === undefined)) {
    const found = service === undefined ? "neither" : "both";
    problems.push({ path, wanted: "either service or query", found });
  } else if (query !== undefined && filter !== undefined) {
    const wanted = "no filter beside query, as a prepared query has filters of its own";
    problems.push({ path: [...path, "filter"], wanted, found: quoted(filter) });
  } else if (query === undefined && poll !== undefined) {
    const wanted = "poll only beside query, as Consul tells of changes of a service by itself";
    problems.push({ path: [...path, "poll"], wanted, found: `${poll} ms` });
  }
  return problems;
}

function checkEndpoints(
  path: readonly string[],
  endpoints: NonNullable<ReadVersion["endpoints"]>,
): CrossProblem[] {
  const addresses = endpoints.map(addressOf);
  return repeats(addresses).map((index) => ({
    path: [...path, "endpoints", index],
    wanted: "each endpoint once",
    found: `${quoted(addresses[index])} again`,
  }));
}

function checkEndpointStates(path: readonly string[], version: ReadVersion): CrossProblem[] {
  const keys = Object.keys(version.endpointStates ?? {});
  const known = version.endpoints && new Set(version.endpoints.map(addressOf));
  // The addresses of a name come and go: any may be one of them.
  const isOpen = known === undefined || [...known].some((each) => namedAddress(each) !== undefined);
  const isKnown = (key: string): boolean => {
    const address = canonicalEndpoint(key);
    return address !== undefined && (isOpen || known.has(address));
  };
  const wanted = isOpen ? "an endpoint's address" : "an endpoint of this version";
  return keys
    .filter((key) => !isKnown(key))
    .map((key) => ({ path: [...path, "endpointStates", key], wanted, found: quoted(key) }));
}

function addressOf(endpoint: NonNullable<ReadVersion["endpoints"]>[number]): string {
  return typeof endpoint === "string" ? endpoint : endpoint.address;
}

function addressesOf({ versions }: ReadService): readonly string[] {
  return Object.values(versions).flatMap(({ endpoints = [] }) => endpoints.map(addressOf));
}

/** The places of values that have occurred before. */
function repeats(values: readonly string[]): number[] {
  const seen = new Set<string>();
  return values.flatMap((value, index) => (seen.size === seen.add(value).size ? [index] : []));
}

function quoted(value: string | undefined): string {
  return JSON.stringify(value);
}

function listed(values: readonly string[]): string {
  return values.length === 0 ? "none" : values.join(" and ");
}
