import type { Job } from "./contenders/contender.ts";
import type { CertificateFiles, Speech } from "./origin/certificate-files.ts";
import type { Origin } from "./origin/origin.ts";
import { MANY_SERVICES } from "./scenarios.ts";
import type { JobKind } from "./scenarios.ts";

/** Which part of the requests is sampled, where they are traced. */
const TRACE_RATIOS: Partial<Record<JobKind, number>> = {
  "traced-0": 0,
  "traced-1": 0.01,
  "traced-100": 1,
};

/** A job of a kind, for these endpoints. */
export function jobFor(kind: JobKind, { endpoints }: Origin, speech: Speech): Job {
  const services = kind === "services" ? MANY_SERVICES : 1;
  const job = { endpoints, affinity: kind === "affinity", services, routes: 0 } as const;
  const logged = { accessLog: kind === "access-log", rollout: kind === "rollout" };
  const more = { ...(kind === "tcp" && { tcp: true }), ...logged };
  const workers = kind === "workers" ? 2 : 1;
  const traceRatio = TRACE_RATIOS[kind];
  const traced = traceRatio === undefined ? {} : { traceRatio };
  return { ...job, routesBy: "path", workers, ...speech, ...more, ...traced };
}

/** Where a kind of job has TLS, and where HTTP/2. */
export function speechOf(kind: JobKind, files: CertificateFiles): Speech {
  switch (kind) {
    case "tls-in":
      return { tls: { client: "tls", upstream: "clear", files } };
    case "tls-out":
      return { tls: { client: "clear", upstream: "tls", files } };
    case "tls-both":
      return { tls: { client: "tls", upstream: "mtls", files } };
    case "h2c-in":
      return { http2: { upstream: "http/1.1" } };
    case "h2-in":
      return {
        tls: { client: "tls", upstream: "clear", files },
        http2: { upstream: "http/1.1" },
      };
    case "grpc":
      return { http2: { upstream: "grpc" } };
    case "h2-both":
      return { tls: { client: "tls", upstream: "tls", files }, http2: { upstream: "h2" } };
    case "plain":
    case "affinity":
    case "services":
    case "tunnel":
    case "tcp":
    case "access-log":
    case "rollout":
    case "traced-0":
    case "traced-1":
    case "traced-100":
    case "workers":
      return {};
  }
}

/** A job in a few words, for the report of who took no part in it. */
export function describeJob({ services, tls, http2, tcp, affinity }: Job): string {
  if (services > 1) return `${services} services`;
  const clear = tls === undefined ? "" : ` with TLS ${tls.client} to ${tls.upstream}`;
  if (http2 !== undefined) return `HTTP/2 to ${http2.upstream}${clear}`;
  if (tls !== undefined) return `TLS ${tls.client} to ${tls.upstream}`;
  if (tcp) return "TCP";
  return affinity ? "affinity" : "start";
}
