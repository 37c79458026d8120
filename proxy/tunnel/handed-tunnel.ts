import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { Peer } from "../transport/peer.ts";
import type { TunnelFramesState } from "./tunnel-frames.ts";

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
  /** See TunnelDeps. */
  readonly quietMs?: number | undefined;
  /** What has passed so far, from the client and to it. Absent: older code does not say. */
  readonly bytesIn?: number | undefined;
  readonly bytesOut?: number | undefined;
};

/** A tunnel that leaves this worker. */
export type GivenTunnel = {
  readonly client: ConnectionHandle | undefined;
  readonly upstream: ConnectionHandle | undefined;
  readonly peer: Peer;
  readonly about: HandedTunnel;
};
