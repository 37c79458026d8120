import { recordOf } from "../base/record-of.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { ConsulRoute, EntryPlace, Router } from "./config-entry.ts";
import { fromGoDuration } from "./go-duration.ts";
import type { ImportChain } from "./import-chain.ts";
import type { ImportFindings } from "./import-findings.ts";

/** What routes are translated with. */
export type RouteTranslation = {
  readonly name: string;
  readonly findings: ImportFindings;
  readonly chain: ImportChain;
  /** Where versions are kept. Returns the name of one. */
  readonly versions: { add(place: EntryPlace, weight: number): string };
};

type RouteDocument = NonNullable<ServiceDocument["routes"]>[number];
type Destination = NonNullable<ConsulRoute["Destination"]>;
type HttpMatch = NonNullable<NonNullable<ConsulRoute["Match"]>["HTTP"]>;
type Retries = NonNullable<RouteDocument["retries"]>;

/** Envoy's conditions that ours can say; others retry what an endpoint has answered. */
const CAUSES: ReadonlyMap<string, "connect" | "reset-before-response" | "503"> = new Map([
  ["connect-failure", "connect"],
  ["reset", "reset-before-response"],
  ["503", "503"],
]);

/** The routes of a router, in its order: in both the first that matches counts. */
export function toRoutes(router: Router | undefined, of: RouteTranslation): RouteDocument[] {
  return (router?.Routes ?? []).map(({ Match, Destination: destination }, index) => {
    const what = `service-router ${of.name}, Routes[${index}]`;
    const to = toVersion(destination ?? {}, of, what);
    return {
      match: toMatch(Match?.HTTP ?? {}, of, what),
      ...(to !== undefined && { to }),
      ...toPolicy(destination ?? {}, of, what),
    };
  });
}

/** undefined: the split. */
function toVersion(place: EntryPlace, of: RouteTranslation, what: string): string | undefined {
  const { name, chain, versions, findings } = of;
  const service = place.Service || name;
  if (!place.ServiceSubset && service === name) return undefined;
  if (!place.ServiceSubset && chain.splits(service)) {
    const advice = `a route leads to one version, and ${service} has a splitter; name a subset`;
    findings.refuse(`${what}.Destination.Service`, advice);
    return undefined;
  }
  findings.note(
    what,
    "while its version has no instances, a route answers 503 and fails over to none",
  );
  return versions.add(place, 0);
}

function toMatch(http: HttpMatch, of: RouteTranslation, what: string): RouteDocument["match"] {
  const at = `${what}.Match.HTTP`;
  const headers = toValues(http.Header, of, `${at}.Header`);
  const query = toValues(http.QueryParam, of, `${at}.QueryParam`);
  const path = toPath(http, of, at);
  return {
    ...(path !== undefined && { path }),
    ...(http.Methods?.length && { methods: http.Methods }),
    ...(headers !== undefined && { headers }),
    ...(query !== undefined && { query }),
  };
}

function toPath(
  { PathExact, PathPrefix }: HttpMatch,
  { findings }: RouteTranslation,
  at: string,
): RouteDocument["match"]["path"] {
  if (PathExact) return { exact: PathExact };
  // It is where every path begins.
  if (!PathPrefix || PathPrefix === "/") return undefined;
  const whole = PathPrefix.replace(/\/$/, "");
  const text = `whole segments count here: ${whole} and all below it, not ${whole}…`;
  findings.note(`${at}.PathPrefix`, text);
  return PathPrefix;
}

function toValues(
  conditions: HttpMatch["Header"],
  { findings }: RouteTranslation,
  at: string,
): Record<string, string> | undefined {
  const values = new Map<string, string>();
  for (const { Name, Exact } of conditions ?? []) {
    if (values.has(Name)) findings.refuse(at, `${Name} twice, and a route compares it once`);
    values.set(Name, Exact ?? "");
  }
  return values.size === 0 ? undefined : recordOf(values);
}

/** Envoy's idle timeout of a route is about whatever its stream waits for. */
function toPolicy(
  destination: Destination,
  { findings }: RouteTranslation,
  what: string,
): Omit<RouteDocument, "match"> {
  const at = `${what}.Destination`;
  const { RequestTimeout, IdleTimeout } = destination;
  const timeout = fromGoDuration(`${at}.RequestTimeout`, RequestTimeout, findings);
  const idle = fromGoDuration(`${at}.IdleTimeout`, IdleTimeout, findings);
  const retries = toRetries(destination, findings, at);
  return {
    ...(timeout !== undefined && { timeout }),
    ...(idle !== undefined && {
      responseTimeout: idle,
      stallTimeout: idle,
      tunnelIdleTimeout: idle,
    }),
    ...(retries !== undefined && { retries }),
  };
}

function toRetries(
  destination: Destination,
  findings: ImportFindings,
  at: string,
): Retries | undefined {
  const { NumRetries, RetryOnConnectFailure, RetryOnStatusCodes, RetryOn } = destination;
  const conditions = [
    ...(RetryOnConnectFailure ? ["connect-failure"] : []),
    ...(RetryOnStatusCodes ?? []).map(String),
    ...(RetryOn ?? []),
  ];
  const unknown = conditions.filter((each) => !CAUSES.has(each));
  if (unknown.length > 0) {
    const advice = "Sluice retries on connect, reset-before-response and 503 (docs/retries.md)";
    findings.refuse(`${at}, retries on ${unknown.join(", ")}`, advice);
  }
  if (conditions.length > 0) {
    const on = [...new Set(conditions.flatMap((each) => CAUSES.get(each) ?? []))];
    return { attempts: NumRetries || 1, on };
  }
  if (!NumRetries) return undefined;
  const text = "without a condition Consul retries nothing; here connect and reset-before-response";
  findings.note(`${at}.NumRetries`, text);
  return { attempts: NumRetries };
}
