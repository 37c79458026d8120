import { z } from "zod";
import type {
  EndpointSnapshot,
  ListenerSnapshot,
  VersionSnapshot,
} from "../../proxy/table/snapshot.ts";
import { listed } from "../base/listed.ts";
import { namedAddress } from "../config/address.ts";
import { kindBehind, kindOf, listenedServices } from "../config/listened-services.ts";
import { hasUsableEndpoint, isUsable, servedShare } from "../table/serving.ts";
import type { ShownService } from "../table/shown-service.ts";
import { warningsOf, workText } from "../table/warnings.ts";
import type { CertificateStatus } from "../tls/certificate-status.ts";
import { problemsOfCertificates } from "./certificate-problems.ts";

/**
 * What may not be well, the worst first. nothing_served: no version of a service can take a
 * request. no_service: a listener leads to a service that is not there. wrong_kind: it leads to one
 * that speaks something else. certificate_…: see
 * CERTIFICATE_PROBLEM_CODES. store: the table cannot be stored, or may not be the stored one.
 * refused: a stored document cannot be used. registry: what it tells may be out of date. fleet:
 * other sidecars do not follow the table. audit: its log cannot be written, or is not what it was.
 * credentials: some of those who may call the API cannot. failing: nothing but failures come from a
 * version. partly_served: part of the requests get 503. no_usable_endpoint, not_ready: a version
 * has weight, but cannot take work. panic: so few endpoints of a version are usable that all are
 * used. ejected: endpoints are out for their own failures. unresolved: a name has no address.
 */
export const PROBLEM_CODES = [
  "nothing_served",
  "no_service",
  "wrong_kind",
  "certificate_missing",
  "certificate_expired",
  "store",
  "refused",
  "registry",
  "fleet",
  "audit",
  "credentials",
  "failing",
  "partly_served",
  "no_usable_endpoint",
  "not_ready",
  "certificate_refused",
  "certificate_expires",
  "panic",
  "ejected",
  "unresolved",
] as const;

/** As many as somebody reads; behind them are mostly more of the same. */
export const PROBLEMS_MAX = 100;

/** Longest reason: it may list every mistake of a large document. */
const REASON_LENGTH_MAX = 1_000;

/** Failures in a row that are no accident any more: as many as eject an endpoint by default. */
const FAILURES_MIN = 5;

const problemSchema = z.object({
  code: z.enum(PROBLEM_CODES),
  service: z.string().optional(),
  version: z.string().optional(),
  text: z.string().describe("For people"),
});

/** What is not well in an answer. */
export const problemsSchema = z.object({
  problems: z.array(problemSchema).describe("What is not well while it serves, the worst first"),
  moreProblems: z.int().optional().describe("How many more there are; absent: none"),
});

/** One thing that is not well. */
export type StandingProblem = z.infer<typeof problemSchema>;

/** What is not well. */
export type Problems = z.infer<typeof problemsSchema>;

/** What is known of the traffic without asking a worker. */
export type Lately = {
  /** Whether a service has had requests in the last minute, or has something open. */
  readonly isBusy: (service: string) => boolean;
  /** Attempts at a version that have failed since one did not. */
  readonly failures: (service: string, version: string) => number;
  /** How many workers have ejected an endpoint. */
  readonly ejectedBy: (service: string, version: string, address: string) => number;
  /** How many workers use all endpoints of a version, as too few are usable. */
  readonly panicBy: (service: string, version: string) => number;
  /** Those that are open. */
  readonly listeners: readonly ListenerSnapshot[];
};

/** What may have problems. */
export type Patient = {
  /** All of the table. */
  readonly services: readonly ShownService[];
  readonly lately: Lately;
  /** What the registry says of itself: see RegistryView. */
  readonly stale: readonly string[];
  /** Why the table is not as it is stored, or cannot be stored. Absent: it is, and it can. */
  readonly store?: string | undefined;
  /** See Services. Absent: none. */
  readonly refused?: ReadonlyMap<string, string>;
  /** Which other sidecars do not follow the table. Absent: none. */
  readonly fleet?: string | undefined;
  /** What is wrong with the audit log. */
  readonly audit: readonly string[];
  /** Why credentials of the control API cannot be used, in sentences. */
  readonly credentials: readonly string[];
  /** Those that are in use or should be. */
  readonly certificates: readonly CertificateStatus[];
};

/** Everything that is not well at the moment, of PROBLEMS_MAX at most the text. */
export function problemsOf(patient: Patient): Problems {
  const { services, lately, stale, store, refused = new Map(), fleet } = patient;
  const { audit, credentials, certificates } = patient;
  const all: readonly StandingProblem[] = [
    ...problemsOfCertificates(certificates),
    ...(store === undefined ? [] : [{ code: "store", text: `table: ${store}` } as const]),
    ...refusedDocuments(refused, services),
    ...stale.map((text): StandingProblem => ({ code: "registry", text })),
    ...(fleet === undefined ? [] : [{ code: "fleet", text: fleet } as const]),
    ...audit.map((text): StandingProblem => ({ code: "audit", text })),
    ...credentials.map((text): StandingProblem => ({ code: "credentials", text })),
    ...listenersWithout(services, lately),
    ...listenersAstray(services, lately),
    ...services.flatMap((shown) => problemsOfService(shown, lately)),
  ];
  const worst = all.toSorted((one, other) => rankOf(one, lately) - rankOf(other, lately));
  const problems = worst.slice(0, PROBLEMS_MAX);
  const more = all.length - problems.length;
  return more === 0 ? { problems } : { problems, moreProblems: more };
}

function refusedDocuments(
  refused: ReadonlyMap<string, string>,
  services: readonly ShownService[],
): StandingProblem[] {
  const names = new Set(services.map(({ snapshot }) => snapshot.name));
  return [...refused].map(([service, reason]) => {
    const outcome = names.has(service) ? "it stays as it was" : "it is not there";
    const text = `${service}: what is stored cannot be used, so ${outcome}: ${cut(reason)}`;
    return { code: "refused", service, text };
  });
}

function cut(reason: string): string {
  return reason.length > REASON_LENGTH_MAX ? `${reason.slice(0, REASON_LENGTH_MAX)}…` : reason;
}

/** They hit whoever connects there, of whom nobody knows. */
const OF_LISTENERS: ReadonlySet<string> = new Set(["no_service", "wrong_kind"]);

/** Lower is worse; what hits traffic is worse than what does not. */
function rankOf({ code, service }: StandingProblem, { isBusy }: Lately): number {
  const isIdle = !OF_LISTENERS.has(code) && service !== undefined && !isBusy(service);
  return PROBLEM_CODES.indexOf(code) + (isIdle ? PROBLEM_CODES.length : 0);
}

function listenersWithout(
  services: readonly ShownService[],
  { listeners }: Lately,
): StandingProblem[] {
  const names = new Set(services.map(({ snapshot }) => snapshot.name));
  return listeners.flatMap((listener) =>
    listenedServices(listener).flatMap(({ service }): StandingProblem[] => {
      if (names.has(service)) return [];
      const text = `listener ${listener.bind}: wanted service ${service}, found none`;
      return [{ code: "no_service", service, text }];
    }),
  );
}

/** A shared table may hold what this sidecar's listeners cannot serve. */
function listenersAstray(
  services: readonly ShownService[],
  { listeners }: Lately,
): StandingProblem[] {
  const kinds = new Map(services.map(({ snapshot }) => [snapshot.name, kindOf(snapshot)]));
  return listeners.flatMap((listener) =>
    listenedServices(listener).flatMap(({ service }): StandingProblem[] => {
      const kind = kinds.get(service);
      if (kind === undefined || kind === kindBehind(listener)) return [];
      const wanted = `wanted a service of kind ${kindBehind(listener)}`;
      const found = `found ${service}, which is of kind ${kind}`;
      const text = `listener ${listener.bind}: ${wanted}, ${found}`;
      return [{ code: "wrong_kind", service, text }];
    }),
  );
}

function problemsOfService(shown: ShownService, lately: Lately): StandingProblem[] {
  const { snapshot } = shown;
  return [
    ...servedProblem(shown, lately),
    ...weightProblems(shown),
    ...snapshot.versions.flatMap((version) => problemsOfVersion(shown, version, lately)),
  ];
}

function servedProblem({ snapshot }: ShownService, { isBusy }: Lately): StandingProblem[] {
  const service = snapshot.name;
  const served = servedShare(snapshot);
  if (served === 1) return [];
  const { one, many, fail } = workText(snapshot);
  const traffic = isBusy(service) ? "it has traffic" : `it has had no ${one} in the last minute`;
  if (served > 0) {
    const percent = Math.ceil((1 - served) * 100);
    const text = `${service}: ${percent} % of the ${many} ${fail}; ${traffic}`;
    return [{ code: "partly_served", service, text }];
  }
  const text = `${service}: no version can take a ${one}, all of them ${fail}; ${traffic}`;
  return [{ code: "nothing_served", service, text }];
}

/** Versions with weight that cannot take work, in the words of the warnings of writes. */
function weightProblems(shown: ShownService): StandingProblem[] {
  const { snapshot } = shown;
  // Nearly all of thousands of services are well, and probes ask often.
  if (snapshot.versions.every(isInEffect)) return [];
  const open = { version: () => ({ exchangesOpen: 0, tunnelsOpen: 0 }) };
  const warnings = warningsOf({ before: undefined, after: snapshot, open, workers: 1 });
  return warnings.flatMap(({ code, service, version, text }): StandingProblem[] => {
    if (code !== "no_usable_endpoint" && code !== "not_ready") return [];
    const found = snapshot.versions.find(({ name }) => name === version);
    const why = code === "not_ready" ? "" : endpointFlaws(shown, found?.endpoints ?? [], version);
    return [{ code, service, version, text: `${service}: ${text}${why}` }];
  });
}

function isInEffect(version: VersionSnapshot): boolean {
  return version.weight === 0 || (version.state === "ready" && hasUsableEndpoint(version));
}

function endpointFlaws(
  { details }: ShownService,
  endpoints: readonly EndpointSnapshot[],
  version = "",
): string {
  if (endpoints.length === 0) return " (it has none)";
  const flaws = endpoints.map(({ address, state }) => {
    const reason = details(version, address)?.reason ?? "unhealthy";
    return `${address}: ${state === "ready" ? reason : `in ${state}`}`;
  });
  return ` (${listed(flaws)})`;
}

function problemsOfVersion(
  shown: ShownService,
  version: VersionSnapshot,
  lately: Lately,
): StandingProblem[] {
  const service = shown.snapshot.name;
  const { name, endpoints } = version;
  const problem = (code: StandingProblem["code"], text: string): StandingProblem => {
    return { code, service, version: name, text: `${service}: ${text}` };
  };
  const failures = lately.failures(service, name);
  const ejected = endpoints.filter(({ address }) => lately.ejectedBy(service, name, address) > 0);
  const out = listed(ejected.map(({ address }) => address));
  const usable = endpoints.filter(isUsable).length;
  const nameless = endpoints.filter(({ address }) => namedAddress(address) !== undefined);
  return [
    ...(failures < FAILURES_MIN
      ? []
      : [problem("failing", `the last ${failures} attempts at ${name} have failed`)]),
    ...(lately.panicBy(service, name) === 0
      ? []
      : [problem("panic", `too few endpoints of ${name} are usable, so all are used`)]),
    ...(ejected.length === 0
      ? []
      : [
          problem("ejected", `${ejected.length} of ${usable} endpoints of ${name} ejected: ${out}`),
        ]),
    ...nameless.map(({ address }) => {
      const reason = shown.details(name, address)?.reason ?? "no reason is known";
      return problem("unresolved", `${address} of ${name} has no address: ${reason}`);
    }),
  ];
}
