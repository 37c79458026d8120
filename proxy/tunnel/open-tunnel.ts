import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { HandedTunnel } from "./handed-tunnel.ts";
import { TunnelFrames } from "./tunnel-frames.ts";
import type { TunnelClient, TunnelPool, TunnelUpstream } from "./tunnel-ends.ts";
import { Tunnel } from "./tunnel.ts";
import type { TunnelDeps } from "./tunnel.ts";

/** A tunnel that comes from another worker: its upstream side. */
export type AdoptedTunnel = {
  readonly pool: TunnelPool & {
    adopt(handle: ConnectionHandle, address: string): TunnelUpstream;
  };
  readonly handle: ConnectionHandle;
  readonly about: HandedTunnel;
};

/** Makes a tunnel of two connections; `rest` followed the upstream's 101. */
export function openTunnel(deps: TunnelDeps, rest: Buffer): void {
  const tunnel = new Tunnel(deps);
  const fromClient = deps.client.becomeTunnel(tunnel);
  tunnel.begin(fromClient, rest);
}

/** Takes over a tunnel that another worker gave away. */
export function adoptTunnel(client: TunnelClient, given: AdoptedTunnel, wheel: TimerWheel): void {
  const { pool, handle, about } = given;
  const { idleTimeoutMs, quietMs, bytesIn, bytesOut } = about;
  const sinceMs = wheel.nowMs - about.ageMs;
  const frames = about.frames && TunnelFrames.from(about.frames);
  const connection = pool.adopt(handle, about.endpoint);
  const kept = { idleTimeoutMs, sinceMs, frames, quietMs, bytesIn, bytesOut };
  client.becomeTunnel(new Tunnel({ client, connection, pool, wheel, ...kept }));
}
