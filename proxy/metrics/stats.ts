import type { LocalReplyStats } from "./local-replies.ts";
import type { ShadowStats } from "./shadow-counts.ts";
import type { ServiceCountStats } from "./service-counts.ts";

/** What a worker counts, as it is sent to the primary: plain data that adds up across workers. */

/** How an attempt at an endpoint ended. local: by a fault of our own, not of the endpoint. */
export const ATTEMPT_OUTCOMES = ["ok", "connect", "reset", "timeout", "5xx", "local"] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/**
 * Classes of the status that the client got; `0xx` is a client that went away before it got one.
 */
export const CODE_CLASSES = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/**
 * How a tunnel ended. ok: both sides have ended it. client, endpoint: the connection to one has
 * broken first. idle: nothing came for too long. closed: we have closed it, since traffic leaves
 * its version or the worker ends. denied: intentions no longer allow it.
 */
export const TUNNEL_OUTCOMES = ["ok", "client", "endpoint", "idle", "closed", "denied"] as const;
export type TunnelOutcome = (typeof TUNNEL_OUTCOMES)[number];

/** What the tunnels of a version did. Cumulative. */
export type TunnelCounts = {
  /** Tunnels that have ended, by TUNNEL_OUTCOMES index. */
  readonly outcomes: readonly number[];
  /** How long they lasted: as VersionStats.durations, see TUNNEL_DURATION_DIVISOR. */
  readonly durations: readonly (readonly [number, number])[];
  readonly durationSumMs: number;
  /** From clients, and to them. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** TCP connections that got no endpoint, by reason. */
  readonly failures: Readonly<Record<string, number>>;
};

/** The same in one worker. */
export type TunnelStats = TunnelCounts & { readonly service: string; readonly version: string };

/** Who is at the other end of a connection of HTTP/2. */
export type Http2Side = "client" | "endpoint";

/** Kinds of client connections. */
export type ConnectionKind = "h1" | "h2" | "tunnel";

/**
 * How a filter failed an exchange. throw: a hook threw or did something that it must not do.
 * timeout: a hook took too long. load: there is no filter, because its module could not be loaded.
 */
export const FILTER_FAILURE_KINDS = ["throw", "timeout", "load"] as const;
export type FilterFailureKind = (typeof FILTER_FAILURE_KINDS)[number];

/** Counts of one filter of one service in one worker. Cumulative, over all its replacements. */
export type FilterStats = {
  readonly service: string;
  readonly filter: string;
  /** Of the module that runs. "": none could be loaded. */
  readonly version: string;
  /** Failed exchanges by FILTER_FAILURE_KINDS index. */
  readonly failures: readonly number[];
  /** Requests that it answered itself. */
  readonly answers: number;
};

/** Counts of one version of one service in one worker. Cumulative unless said. */
export type VersionStats = {
  readonly service: string;
  readonly version: string;
  /** Exchanges by CODE_CLASSES index. */
  readonly codes: readonly number[];
  /** Attempts by ATTEMPT_OUTCOMES index. */
  readonly outcomes: readonly number[];
  /** Retries that stayed in the version, and that left it. */
  readonly retries: number;
  readonly retriesCrossed: number;
  /**
   * Exchange durations: counts by bucket of proxy/metrics/histogram.ts. Sparse: [bucket, count].
   */
  readonly durations: readonly (readonly [number, number])[];
  readonly durationSumMs: number;
  readonly ejections: number;
  /**
   * Calls of gRPC by the number of their status; behind these, those without one that gRPC knows.
   * Absent: there were none, or the worker's code is too old.
   */
  readonly calls?: readonly number[] | undefined;
  /** Right now. */
  readonly exchangesOpen: number;
  readonly tunnelsOpen: number;
  /** So few of its endpoints are usable right now that all are used. Absent: no. */
  readonly isPanic?: boolean;
};

/** An endpoint as one worker sees it right now. */
export type EndpointStats = {
  readonly service: string;
  readonly version: string;
  readonly address: string;
  readonly inFlight: number;
  readonly idleConnections: number;
  /** Milliseconds until it comes back. 0: not ejected. */
  readonly ejectedForMs: number;
  /** Attempts that went well there, and badly. Cumulative. Absent: the worker's code is too old. */
  readonly attempts?: readonly [number, number];
};

/** How many exchanges of a version are let in, and wait, in one worker right now. */
export type ConcurrencyStats = {
  readonly service: string;
  readonly version: string;
  /** The limit that latency has set. undefined: the configured one is in force. */
  readonly limit: number | undefined;
  readonly waiting: number;
};

/** Lines of the access log; dropped: there was no room, or they could not be written. */
export type AccessLogCounts = { readonly written: number; readonly dropped: number };

/** What went through the exchanges of a version. Cumulative. */
export type FlowCounts = {
  /** Of bodies, from clients and to them. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** When answers began: as VersionStats.durations. */
  readonly firstBytes: readonly (readonly [number, number])[];
  readonly firstByteSumMs: number;
};

/** The same in one worker, and what is there now. */
export type FlowStats = FlowCounts & {
  readonly service: string;
  readonly version: string;
  /** Connections to endpoints that serve exchanges, or will; and those of them that rest. */
  readonly connections: number;
  readonly idle: number;
  /** Exchanges that wait for a connection. */
  readonly pending: number;
};

/** How late the event loop was, by bucket of proxy/metrics/histogram.ts. Cumulative. */
export type LoopDelayCounts = {
  readonly delays: readonly (readonly [number, number])[];
  readonly sumMs: number;
};

/** What a worker takes of the machine. */
export type WorkerUsage = {
  /** Cumulative. */
  readonly cpuSeconds: number;
  /** Right now. */
  readonly residentBytes: number;
  readonly loopDelay: LoopDelayCounts;
};

/** Everything that one worker counts. */
export type WorkerStats = {
  /** Without those that have counted nothing and have nothing open: their counts are zeros. */
  readonly versions: readonly VersionStats[];
  /** Without those that have no connection and are not ejected: the same. */
  readonly endpoints: readonly EndpointStats[];
  /** Of versions that have had any. Absent: the worker's code is too old. */
  readonly tunnels?: readonly TunnelStats[];
  readonly filters: readonly FilterStats[];
  /** Refused messages by reason (RejectReason). Cumulative. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Errors that the worker answered itself. Cumulative. Absent: its code is too old. */
  readonly localReplies?: readonly LocalReplyStats[];
  /** What policies of services and routes did. Cumulative. Absent: the same. */
  readonly policyCounts?: readonly ServiceCountStats[];
  /** Differences between answers and those to copies. Cumulative. Absent: the same. */
  readonly shadows?: readonly ShadowStats[];
  /** Of versions whose limit latency sets, or where somebody waits. Absent: the same. */
  readonly concurrency?: readonly ConcurrencyStats[];
  /** Faults of our own, by the system's code. Cumulative. Absent: the same. */
  readonly localFaults?: Readonly<Record<string, number>>;
  /** What connections of HTTP/2 have seen, by name of Http2Counts. Absent: the same. */
  readonly http2?: Readonly<Record<Http2Side, Readonly<Record<string, number>>>>;
  /** Of versions that have had exchanges. Absent: the same. */
  readonly flows?: readonly FlowStats[];
  /** Absent: the same, or they are of workers that are gone. */
  readonly usage?: WorkerUsage;
  /** Lines of the access log. Cumulative. Absent: the same. */
  readonly accessLog?: AccessLogCounts;
  /** Open client connections right now. */
  readonly connections: Readonly<Record<ConnectionKind, number>>;
  /** The table revision that new requests read. */
  readonly revision: number;
};
