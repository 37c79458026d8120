import { isDeepStrictEqual } from "node:util";
import type { ServiceSnapshot, VersionSnapshot } from "../../proxy/table/snapshot.ts";
import { balanceWarnings } from "./balance-warnings.ts";
import { effectiveByVersion, hasUsableEndpoint, servedShare, sharesOf, sumOf } from "./serving.ts";

/**
 * What a write may be warned of. no_change: everything is like this already. nothing_would_serve: a
 * service that has traffic is left without anything that serves; only forced writes may do that.
 * nothing_served: no version can take a request. partly_served: part of the requests would get 503.
 * no_usable_endpoint, not_ready: a version has weight, but cannot take work. over_limit: more
 * requests are expected than limits let through. tunnels_lost: a version goes with open tunnels.
 * protocol_changed: endpoints are spoken to in another one, which they may not know. incompatible:
 * a version could not read another's state, or lacks one of another service; only forced writes may
 * do that. endpoints_change, no_effect: see balanceWarnings().
 */
export const WARNING_CODES = [
  "no_change",
  "nothing_would_serve",
  "nothing_served",
  "partly_served",
  "no_usable_endpoint",
  "not_ready",
  "over_limit",
  "tunnels_lost",
  "protocol_changed",
  "incompatible",
  "endpoints_change",
  "no_effect",
] as const;

/** Something about a write that whoever writes should know. */
export type Warning = {
  readonly code: (typeof WARNING_CODES)[number];
  readonly service: string;
  /** undefined: the service as a whole. */
  readonly version?: string;
  /** For people. */
  readonly text: string;
};

/** What is open at versions right now, over all workers. */
export interface OpenAt {
  version(
    service: string,
    version: string,
  ): { readonly exchangesOpen: number; readonly tunnelsOpen: number };
}

/** A change of one service, with what is under way there. */
export type ServiceChange = {
  /** undefined: the service is new. */
  readonly before: ServiceSnapshot | undefined;
  readonly after: ServiceSnapshot;
  readonly open: OpenAt;
  /** Each has limits of its own. */
  readonly workers: number;
};

/** Everything that a change of one service should be warned of. Equal arguments, equal warnings. */
export function warningsOf(change: ServiceChange): Warning[] {
  const { before, after } = change;
  const names = new Set([...(before?.versions ?? []), ...after.versions].map(({ name }) => name));
  return [
    ...warningsOfService(change),
    ...balanceWarnings(before, after),
    ...[...names].flatMap((name) => warningsOfVersion(name, change)),
  ];
}

/** Requests that a version would have under way if those of now were split by the new weights. */
export function inFlightExpected(name: string, { before, after, open }: ServiceChange): number {
  const now = (before?.versions ?? []).map(
    (version) => open.version(after.name, version.name).exchangesOpen,
  );
  const weights = effectiveByVersion(after);
  return (sumOf(now) * (weights[name] ?? 0)) / Math.max(1, sumOf(Object.values(weights)));
}

/** What a service is asked for, and what becomes of it where nobody takes it, for people. */
export function workText({ tcp }: Pick<ServiceSnapshot, "tcp">): {
  readonly one: string;
  readonly many: string;
  readonly fail: string;
} {
  return tcp === undefined
    ? { one: "request", many: "requests", fail: "get 503" }
    : { one: "connection", many: "connections", fail: "get a reset" };
}

function warningsOfService({ before, after }: ServiceChange): Warning[] {
  const service = after.name;
  const warnings: Warning[] = [];
  if (isDeepStrictEqual(before, after)) {
    warnings.push({ code: "no_change", service, text: `${service} is already like this` });
  }
  const served = servedShare(after);
  const { one, many, fail } = workText(after);
  if (served === 0) {
    const text = `no version of ${service} can take a ${one}: all of them would ${fail}`;
    warnings.push({ code: "nothing_served", service, text });
  } else if (served < 1) {
    const percent = Math.ceil((1 - served) * 100);
    const text = `${percent} % of the ${many} for ${service} would ${fail}`;
    warnings.push({ code: "partly_served", service, text });
  }
  const spoken = spokenIn(after);
  if (before !== undefined && spoken !== "either" && spoken !== spokenIn(before)) {
    const text = `endpoints of ${service} have to speak ${spoken} now: requests get 502 of others`;
    warnings.push({ code: "protocol_changed", service, text });
  }
  return warnings;
}

/** What endpoints must speak. */
function spokenIn({
  protocol,
  upstreamTls,
  tcp,
}: ServiceSnapshot): "HTTP/2" | "HTTP/1.1" | "either" {
  if (tcp !== undefined) return "either";
  if (protocol === "h2") return "HTTP/2";
  // In clear an endpoint has nothing to choose by.
  return protocol === "auto" && upstreamTls !== undefined ? "either" : "HTTP/1.1";
}

function warningsOfVersion(name: string, change: ServiceChange): Warning[] {
  const { after, open, workers } = change;
  const version = after.versions.find((each) => each.name === name);
  const warnings: Warning[] = [];
  const add = (code: Warning["code"], text: string): void => {
    warnings.push({ code, service: after.name, version: name, text });
  };
  if (version !== undefined) warnOfWeight(version, change, add);
  const expected = inFlightExpected(name, change);
  const most = after.limits.inFlight * workers;
  if (expected > most) {
    add("over_limit", `${name} expects ${Math.round(expected)} requests at once, above ${most}`);
  }
  const { tunnelsOpen } = open.version(after.name, name);
  if (version === undefined && tunnelsOpen > 0) {
    add("tunnels_lost", `${name} goes away with ${tunnelsOpen} open tunnels: drain it first`);
  }
  return warnings;
}

function warnOfWeight(
  version: VersionSnapshot,
  { before, after }: ServiceChange,
  add: (code: Warning["code"], text: string) => void,
): void {
  const { name, state, weight } = version;
  if (weight === 0) return;
  const has = `${name} has weight ${weight}, but`;
  const instead = substituteText(version, after);
  const was = before?.versions.find((each) => each.name === name);
  // Whoever takes a version out of use knows that it has weight.
  const isTakenOut = was?.state === "ready" && was.weight === weight;
  if (state !== "ready") {
    if (!isTakenOut) add("not_ready", `${has} its state is ${state}${instead}`);
  } else if (!hasUsableEndpoint(version)) {
    add("no_usable_endpoint", `${has} no endpoint that can take work${instead}`);
  }
}

/** Who gets the requests of a version that takes none. */
function substituteText(version: VersionSnapshot, service: ServiceSnapshot): string {
  const effective = effectiveByVersion(service);
  const shares = sharesOf(service);
  const total = sumOf(service.versions.map(({ weight }) => weight));
  const takers = Object.keys(effective).filter(
    (name) => name !== version.name && (effective[name] ?? 0) > (shares[name] ?? 0) * total,
  );
  return takers.length === 0 ? "" : `: ${takers.join(", ")} gets its share`;
}
