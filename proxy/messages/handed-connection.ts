import type { Http2State } from "../http2/connection.ts";
import type { Peer } from "../transport/peer.ts";
import type { HandedTunnel } from "../tunnel/handed-tunnel.ts";

/** A client connection between requests, or inside a head. */
export type IdleConnection = {
  readonly kind: "idle";
  readonly peer: Peer;
  /** The listener's service. undefined: by Host. */
  readonly service: string | undefined;
  /** Bytes that were read but not used: the beginning of a head, or pipelined requests. */
  readonly held: Uint8Array | undefined;
  /** Nothing has come, and what comes may be HTTP/2. */
  readonly isNew: boolean;
  readonly headTimeoutMs: number;
  readonly idleTimeoutMs: number;
};

/** A client connection of HTTP/2 in clear, between two streams. */
export type IdleHttp2Connection = {
  readonly kind: "idleHttp2";
  readonly peer: Peer;
  /** The listener's service. undefined: by Host. */
  readonly service: string | undefined;
  readonly headTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly state: Http2State;
};

/**
 * A connection on its way from an old worker to a new one, without the socket itself. `place`
 * counts what the old worker gave away; both sides of a tunnel have the same, and go to the same
 * worker. `to`: the process id of the worker that it is for. Absent: for any.
 */
export type HandedConnection = { readonly place: number; readonly to?: number } & (
  | IdleConnection
  | IdleHttp2Connection
  | {
      /** The client's side of a tunnel; its other side follows with the same `tunnel`. */
      readonly kind: "tunnelClient";
      readonly tunnel: string;
      readonly peer: Peer;
      readonly service: string | undefined;
    }
  | {
      readonly kind: "tunnelUpstream";
      readonly tunnel: string;
      readonly about: HandedTunnel;
    }
);
