import type { TunnelFramesState } from "../tunnel/tunnel-frames.ts";

/** Who is at the other end of a client connection. */
export type Peer = {
  /** IP address as text; `unknown` on Unix sockets (RFC 7239 6.2). */
  readonly address: string;
  /** Its X-Forwarded-* fields are believed. */
  readonly trusted: boolean;
};

/** A client connection between requests, or inside a head. */
export type IdleConnection = {
  readonly kind: "idle";
  readonly peer: Peer;
  /** The listener's service. undefined: by Host. */
  readonly service: string | undefined;
  /** Bytes that were read and not used: the beginning of a head, or pipelined requests. */
  readonly held: Uint8Array | undefined;
  readonly headTimeoutMs: number;
  readonly idleTimeoutMs: number;
};

/**
 * A connection on its way from an old worker to a new one, without the socket itself. `place`
 * counts what the old worker gave away; both sides of a tunnel have the same, and go to the same
 * worker.
 */
export type HandedConnection = { readonly place: number } & (
  | IdleConnection
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

/** What is known of a tunnel besides its two sockets. */
export type HandedTunnel = {
  readonly service: string;
  readonly version: string;
  readonly endpoint: string;
  readonly idleTimeoutMs: number;
  /** How long it has been open. */
  readonly ageMs: number;
  /** Where both directions of a WebSocket stand. undefined: another protocol. */
  readonly frames: TunnelFramesState | undefined;
};
