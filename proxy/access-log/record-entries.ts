import type { RefusedHead } from "../exchange/witness.ts";
import type { TunnelRecord } from "../metrics/tunnel-record.ts";
import type { AccessEntry, AccessFlag } from "./entry.ts";

/** Of which nothing is known. */
const UNKNOWN: AccessEntry = {
  isError: true,
  client: "",
  protocol: "",
  method: "",
  host: "",
  path: "",
  query: "",
  status: undefined,
  grpcStatus: "",
  error: "",
  flags: "",
  durationMs: undefined,
  firstByteMs: undefined,
  requestBytes: undefined,
  responseBytes: undefined,
  service: "",
  version: "",
  endpoint: "",
  attempts: undefined,
  requestId: "",
  traceId: "",
  userAgent: "",
  referer: "",
  serverName: "",
};

const PROTOCOLS = { websocket: "WebSocket", upgraded: "upgraded", tcp: "TCP" } as const;

/** How tunnels end of which nobody has to know more, and what else is said of the others. */
const FLAGS: Readonly<Record<string, AccessFlag | "">> = {
  ok: "",
  idle: "cut",
  closed: "cut",
  denied: "cut",
  client: "left",
  endpoint: "cut",
};

/** A tunnel that has ended, or a TCP connection that became none. */
export function tunnelEntry({ outcome, bytesIn, bytesOut, ...rest }: TunnelRecord): AccessEntry {
  const { client, service, version, endpoint, durationMs } = rest;
  return {
    ...UNKNOWN,
    client,
    service,
    version,
    endpoint,
    durationMs,
    isError: outcome !== "ok" && outcome !== "closed" && outcome !== "idle",
    protocol: PROTOCOLS[rest.protocol],
    error: outcome === "ok" ? "" : outcome,
    flags: FLAGS[outcome] ?? "local",
    requestBytes: bytesIn,
    responseBytes: bytesOut,
  };
}

/** A request that was refused before it was an exchange. */
export function refusedEntry({
  client,
  service,
  protocol,
  status,
  reason,
}: RefusedHead): AccessEntry {
  const name = protocol === "2.0" ? "HTTP/2" : "HTTP/1.1";
  return {
    ...UNKNOWN,
    client,
    service,
    protocol: protocol === undefined ? "" : name,
    status,
    error: reason,
    flags: "local",
  };
}
