import type { Cores } from "../system/cores.ts";
import type { Speech } from "../origin/certificate-files.ts";
import type { Endpoints } from "../origin/origin.ts";

/** The job that all contenders of a scenario are configured for. */
export type Job = {
  readonly endpoints: Endpoints;
  /** The version follows the cookie `sid`. */
  readonly affinity: boolean;
  /** Number of services in the table, told apart by Host: see hostsOf. */
  readonly services: number;
  /**
   * Routes of each service; by path, the last one matches `/route-N`. Only Sluice is asked for more
   * than 0.
   */
  readonly routes: number;
  /**
   * What routes match. cookie: a different one each; the last one matches the cookie of that name.
   */
  readonly routesBy: "path" | "cookie";
  /** Connections are split, whatever they carry. Absent: requests are. */
  readonly tcp?: boolean;
  /** Each request is a line of a file. Absent: it is not. */
  readonly accessLog?: boolean;
  /** Requests are traced, and this part of them, 0 … 1, is sampled. Absent: they are not. */
  readonly traceRatio?: number;
  /** A rollout has brought it to its weights, and goes on. Absent: there is none. */
  readonly rollout?: boolean;
  /** How many workers it has, on its one processor. Absent: 1. */
  readonly workers?: number;
} & Speech;

/** Whether endpoints of a job are spoken to by HTTP/2. */
export function speaksHttp2ToEndpoints({ http2 }: Job): boolean {
  return http2 !== undefined && http2.upstream !== "http/1.1";
}

/** Weights of the two versions, in every contender. */
export const WEIGHTS = { v1: 90, v2: 10 } as const;

/** What a contender may be unable to do, or to do as the others do it. */
export type Ability =
  | "http"
  | "split"
  | "affinity"
  | "services"
  | "tunnel"
  | "tls"
  | "tcp"
  | "access-log"
  | "rollout"
  | "traces"
  | "workers"
  /** HTTP/2 from clients; gRPC on both sides; any HTTP/2 on both sides, over TLS. */
  | "h2"
  | "grpc"
  | "h2-both";

/** A contender at work: one or more processes. */
export type RunningContender = AsyncDisposable & {
  /** Where it listens, on 127.0.0.1 unless `host` says otherwise. */
  readonly port: number;
  readonly host: string;
  /** The root of its process tree. 0: there is none, as with `direct`. */
  readonly pid: number;
  /** Base address of its control API, where it has one. */
  readonly api?: string;
};

/** The command that installs what package managers offer. */
export const INSTALL = "npm run bench:contenders";

/** Something that people put in front of two versions of a service. */
export type Contender = {
  readonly name: string;
  /** How it is configured for the job, in a few words, for the report. */
  readonly how: string;
  readonly abilities: ReadonlySet<Ability>;
  /** How to get it where it is missing. */
  readonly getIt: string;
  /** Its version. undefined: it is missing. */
  version(): Promise<string | undefined>;
  /** The job that it does instead. Absent: it does the job. */
  readonly ownJob?: (job: Job) => Job;
  start(job: Job, cores: Cores): Promise<RunningContender>;
};

/** Host of the n-th service, from 0. */
function hostOf(index: number): string {
  return `service-${index}.mesh`;
}

/** The service that the load is for: one in the middle of the table. */
export function loadedHost(services: number): string {
  return hostOf(Math.floor(services / 2));
}

/** Hosts of all services of a job. */
export function hostsOf(job: Job): readonly string[] {
  return Array.from({ length: job.services }, (_, index) => hostOf(index));
}
