import type { Cores } from "../system/cores.ts";

/** What a load generator sends, and where. */
export type Target = {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly method: "GET" | "POST";
  /** Fields of the request, including Host. */
  readonly fields: Readonly<Record<string, string>>;
  /** Size of the request's body. 0: none. */
  readonly bodyBytes: number;
  /** Over TLS. What the server shows is not verified. */
  readonly secure: boolean;
  /** By HTTP/2: with prior knowledge, or over TLS by ALPN. */
  readonly http2: boolean;
};

/** How much load. */
export type Effort = {
  readonly connections: number;
  /** Requests under way on each of them. 1 with HTTP/1.1. */
  readonly streams: number;
  readonly seconds: number;
  /** Every request opens a connection of its own. */
  readonly newConnections: boolean;
};

/** What came of a closed loop: each connection sends again as soon as it has its answer. */
export type LoadResult = {
  /** Requests answered with 2xx. */
  readonly requests: number;
  readonly perSecond: number;
  /** Everything else: other statuses, resets, timeouts. */
  readonly errors: number;
};

/** A closed-loop generator, in a process of its own. */
export type LoadTool = {
  readonly name: "wrk" | "autocannon" | "websockets" | "handshakes" | "resumptions" | "h2load";
  run(target: Target, effort: Effort, cores: Cores): Promise<LoadResult>;
};

/** How much longer than asked for a generator may take. */
export const LOAD_GRACE_MS = 15_000;
