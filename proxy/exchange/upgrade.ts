import type { TimerWheel } from "../base/timer-wheel.ts";
import { listHas } from "../http1/list.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { Policy } from "../table/snapshot.ts";
import { TunnelFrames } from "../tunnel/tunnel-frames.ts";
import type { TunnelPool } from "../tunnel/tunnel-ends.ts";
import type { TunnelDeps } from "../tunnel/tunnel.ts";
import type { ExchangeClient, ExchangeUpstream } from "./ports.ts";

/** An exchange that may be upgraded. */
export type UpgradingExchange = {
  readonly head: RequestHead;
  readonly request: { readonly done: boolean };
  readonly to: { readonly pool: TunnelPool | undefined; readonly policy: Policy };
  readonly wheel: TimerWheel;
  readonly sinceMs: number;
};

/** Whether an Upgrade field names WebSocket, perhaps among others (RFC 6455 4.1: any case). */
export function isWebSocket(upgrade: string | undefined): boolean {
  return upgrade !== undefined && listHas(upgrade, "websocket");
}

/**
 * The tunnel that a 101 makes of both connections; if it is a WebSocket, its messages are followed.
 * undefined: none, because nobody asked for it, the request is not complete (RFC 9110 7.8: until
 * then its sender goes on in HTTP), or one side cannot be the end of a tunnel.
 */
export function tunnelAfter(
  { head, request, to, wheel, sinceMs }: UpgradingExchange,
  { tunnelEnd: client }: Pick<ExchangeClient, "tunnelEnd">,
  upstream: Pick<ExchangeUpstream, "tunnelEnd"> | undefined,
  response: ResponseHead,
): TunnelDeps | undefined {
  const connection = upstream?.tunnelEnd;
  const { pool, policy } = to;
  if (client === undefined || connection === undefined || pool === undefined) return undefined;
  if (!request.done || !isSwitchAskedFor(response, head)) return undefined;
  const frames = isWebSocket(response.upgrade) ? new TunnelFrames() : undefined;
  const idleTimeoutMs = policy.tunnelIdleTimeoutMs;
  return { client, connection, pool, wheel, idleTimeoutMs, sinceMs, frames };
}

/**
 * Whether a 101 changes to one of the protocols asked for (RFC 9110 7.8; RFC 6455 4.1: any case).
 */
function isSwitchAskedFor(response: ResponseHead, request: RequestHead): boolean {
  const { upgrade } = response;
  if (upgrade === undefined || request.upgrade === undefined) return false;
  const asked = request.upgrade.toLowerCase().split(",");
  return asked.some((protocol) => protocol.trim() === upgrade.toLowerCase());
}
