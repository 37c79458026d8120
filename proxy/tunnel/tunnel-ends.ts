import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { Peer } from "../transport/peer.ts";
import type { Transport, TransportHandler } from "../transport/transport.ts";
import type { TunnelOutcome } from "../metrics/stats.ts";
import type { TunnelWitnesses } from "../metrics/tunnel-record.ts";
import type { UpstreamUser } from "../upstream/upstream-connection.ts";
import type { CloseCode } from "./close-frame.ts";
import type { GivenTunnel } from "./handed-tunnel.ts";

/** A tunnel, as the owner of its client's connection sees it. */
export interface OpenTunnel extends TransportHandler {
  readonly kind: "tunnel";
  /** What it is a tunnel of. */
  readonly pool: { readonly service: string; readonly version: string };
  /** When its request arrived, in monotonic milliseconds. */
  readonly sinceMs: number;
  /** One of its connections cannot be given away. */
  readonly staysHere: boolean;
  /** Its end is under way because of `close`. */
  readonly closing: boolean;
  /** Both sides have gone, or another worker has them. */
  readonly gone: boolean;
  /** `close` would tell the client, or has told it, without waiting for the end of a message. */
  readonly isBetweenMessages: boolean;
  /** Ends it with all its messages whole: see TunnelClose. A second call changes nothing. */
  close(code: CloseCode): void;
  /** Ends it now. */
  cut(code: CloseCode): void;
  /**
   * Gives both connections away. undefined: not now, because bytes wait to be written (the client's
   * connection is offered when they are out; ask again too), or not at all, because one side has
   * ended or the tunnel is being closed.
   */
  giveAway(): GivenTunnel | undefined;
}

/**
 * The client's end of a tunnel: anything with its own transport, after an upgrade or from its first
 * byte. It keeps what it has read until `becomeTunnel`, and from then on hears nothing of its
 * transport: the tunnel is the transport's handler, and calls `tunnelEnded` exactly once, when that
 * transport has closed or has been given away.
 */
export interface TunnelClient {
  readonly transport: Transport;
  readonly peer: Peer;
  /**
   * The tunnel takes over. Returns what was read after the upgrade but not used. undefined:
   * nothing.
   */
  becomeTunnel(tunnel: OpenTunnel): Buffer | undefined;
  /** The connection is gone: out of this process, or closed. */
  tunnelEnded(): void;
  /**
   * The tunnel could leave now, if connections are being handed over; otherwise it continues here.
   */
  offer(): void;
}

/**
 * The endpoint's end of a tunnel: an established connection that nobody else uses. The tunnel takes
 * it over, and is told of data, ends and the close by UpstreamUser's calls.
 */
export interface TunnelUpstream {
  readonly transport: Transport;
  readonly endpoint: { readonly address: string };
  user: UpstreamUser | undefined;
  /** It carries a tunnel from now on, and takes no place among the connections for exchanges. */
  becomeTunnel(tunnel: UpstreamUser): void;
  /** Takes the connection out of this process. undefined: not now. */
  giveAway(): ConnectionHandle | undefined;
}

/** Where a tunnel is counted while it is open. */
export interface TunnelPool {
  readonly service: string;
  readonly version: string;
  readonly counters: {
    tunnelsOpen: number;
    /** Bytes from clients and to them, and the ends of those that end here: see TunnelCounters. */
    readonly tunnels: {
      bytesIn: number;
      bytesOut: number;
      ended(outcome: TunnelOutcome, durationMs: number): void;
    };
  };
  /** Who hears of its end. */
  readonly witness: TunnelWitnesses;
}
