import type { ConnectionHandle } from "../../../proxy/base/connection-handle.ts";
import type { TunnelRecord } from "../../../proxy/metrics/tunnel-record.ts";
import { VersionCounters } from "../../../proxy/metrics/version-counters.ts";
import { openTunnel } from "../../../proxy/tunnel/open-tunnel.ts";
import type {
  OpenTunnel,
  TunnelClient,
  TunnelUpstream,
} from "../../../proxy/tunnel/tunnel-ends.ts";
import { TunnelFrames } from "../../../proxy/tunnel/tunnel-frames.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import type { ManualWheel } from "../../support/manual-wheel.ts";
import { FakeTransport } from "../transport/fake-transport.ts";

/** What a tunnel is opened with, where a test is about it. */
type TunnelSetup = {
  readonly idleTimeoutMs?: number;
  readonly quietMs?: number;
  /** Its messages are followed. */
  readonly webSocket?: boolean;
  /** What the client's side has read and not used. */
  readonly fromClient?: string;
  /** What followed the upstream's 101. */
  readonly rest?: string;
};

/** The two ends of a tunnel without sockets, the pool that counts it, and a clock by hand. */
export class TunnelBed {
  readonly client = new FakeTransport();
  readonly server = new FakeTransport();
  readonly time: ManualWheel = manualWheel();
  /** What is told of tunnels that have ended. */
  readonly records: TunnelRecord[] = [];
  readonly pool = {
    service: "web",
    version: "v1",
    counters: new VersionCounters(),
    witness: {
      tunnels: { tunnelEnded: (record: TunnelRecord): void => void this.records.push(record) },
    },
  };
  /** What the owner of the client's connection heard: `became`, `ended`, `offered`. */
  readonly heard: string[] = [];
  readonly connection: TunnelUpstream;
  readonly end: TunnelClient;
  #tunnel: OpenTunnel | undefined;

  constructor(fromClient?: string) {
    const { client, server } = this;
    this.connection = {
      transport: server,
      endpoint: { address: "10.0.0.1:1" },
      user: undefined,
      becomeTunnel(tunnel) {
        this.user = tunnel;
      },
      giveAway: (): ConnectionHandle | undefined => server.detach(),
    };
    this.end = {
      transport: client,
      peer: { address: "192.0.2.1", trusted: false },
      becomeTunnel: (tunnel) => {
        this.heard.push("became");
        this.#tunnel = tunnel;
        client.handler = tunnel;
        return fromClient === undefined ? undefined : Buffer.from(fromClient, "latin1");
      },
      tunnelEnded: () => void this.heard.push("ended"),
      offer: () => void this.heard.push("offered"),
    };
  }

  /** An open tunnel. */
  static open(setup: TunnelSetup = {}): TunnelBed {
    return new TunnelBed(setup.fromClient).open(setup);
  }

  /** Opens it between these ends; its request came a second ago. */
  open({ idleTimeoutMs = 0, quietMs, webSocket = false, rest = "" }: TunnelSetup = {}): this {
    const { end: client, connection, pool, time } = this;
    const frames = webSocket ? new TunnelFrames() : undefined;
    const sinceMs = time.nowMs() - 1_000;
    const about = { wheel: time.wheel, idleTimeoutMs, sinceMs, frames, quietMs };
    openTunnel({ client, connection, pool, ...about }, Buffer.from(rest, "latin1"));
    return this;
  }

  /** @throws while there is none. */
  get tunnel(): OpenTunnel {
    if (this.#tunnel === undefined) throw new Error("No tunnel was opened");
    return this.#tunnel;
  }

  /** The endpoint sends this. */
  serve(data: string | Buffer): void {
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    this.connection.user?.onUpstreamData(bytes, bytes.length);
  }

  /** The endpoint takes everything that was written to it. */
  serverTakes(): void {
    this.server.blocked = false;
    this.connection.user?.onUpstreamFlushed();
  }

  /** Open tunnels, as the pool counts them. */
  get counted(): number {
    return this.pool.counters.tunnelsOpen;
  }
}
