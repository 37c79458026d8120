import type { Clock } from "../base/clock.ts";
import type { LocalFaults } from "../base/local-faults.ts";
import type { Random } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { Http2Counts } from "../http2/counts.ts";
import type { TunnelWitnesses } from "../metrics/tunnel-record.ts";
import type { Balance, EjectionPolicy } from "../table/endpoint-policy.ts";
import type { KeepAlive, Limits } from "../table/snapshot.ts";
import type { UpstreamProtocol, UpstreamTls } from "../table/tls.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import type { TlsContexts } from "../transport/tls-contexts.ts";
import type { EjectionListener } from "./ejector.ts";

/** So few of a version's endpoints are usable that all of them are used, or not any more. */
export type PanicTurn = {
  readonly kind: "panic" | "panic-ended";
  readonly service: string;
  readonly version: string;
  /** How many have nothing against them, of how many. */
  readonly usable: number;
  readonly endpoints: number;
};

/** What all pools of a worker share. */
export type PoolDeps = {
  readonly buffers: ReadBuffers;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly onEjection: EjectionListener;
  readonly onPanic: (turn: PanicTurn) => void;
  readonly faults: LocalFaults;
  readonly contexts: TlsContexts;
  /** Of all connections to endpoints that carry streams. */
  readonly http2Counts: Http2Counts;
  /** An endpoint has broken a rule of HTTP/2; `reason` is an Http2Reason. */
  readonly onHttp2Rejected: (reason: string, endpoint: string) => void;
  readonly clock: Pick<Clock, "wallMs">;
  readonly witness: TunnelWitnesses;
};

/** The part of a service's snapshot that its pools follow. */
export type PoolPolicy = {
  readonly limits: Limits;
  readonly ejection: EjectionPolicy;
  readonly slowStartMs: number;
  /** Absent: p2c. */
  readonly balance?: Balance | undefined;
  readonly keepAlive: KeepAlive;
  /** undefined: connections are in clear. */
  readonly upstreamTls?: UpstreamTls | undefined;
  readonly protocol: UpstreamProtocol;
  /** Absent: they carry HTTP. */
  readonly tcp?: object | undefined;
};

/** No endpoint; all limits reached; or wait for onUpstreamReady or onUpstreamFailed. */
export type NoConnection = "unavailable" | "overloaded" | "waiting";
