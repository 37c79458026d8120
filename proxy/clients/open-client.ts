import type { ListenerSnapshot } from "../table/snapshot.ts";
import type { Peer } from "../transport/peer.ts";
import type { Taken } from "./accepted-connection.ts";
import { ClientConnection } from "./client-connection.ts";
import type { ClientDeps } from "./client-deps.ts";
import { FirstBytes } from "./first-bytes.ts";
import { Http2Client } from "./http2-client.ts";
import type { PrefacedConnection } from "./proxy-preface.ts";

/** Who comes, and by which listener. */
export type Arrival = {
  readonly taken: Taken;
  readonly peer: Peer;
  readonly listener: Pick<ListenerSnapshot, "service" | "protocols">;
  /** The protocol that was agreed on (ALPN). undefined: none, and the first bytes say it. */
  readonly protocol: "h2" | "http/1.1" | undefined;
};

/** Opens the connection of a client, which counts from now on. Returns who reads it first. */
export function openClient(arrival: Arrival, deps: ClientDeps): PrefacedConnection {
  const { taken, peer, listener } = arrival;
  const { service, protocols } = listener;
  const only = protocols.length === 1 ? protocols[0] : undefined;
  const protocol = arrival.protocol ?? only;
  if (protocol === "h2") {
    const multiplexed = new Http2Client(taken, peer, service, deps);
    deps.connections.add(multiplexed);
    multiplexed.begin();
    return multiplexed;
  }
  const connection = new ClientConnection(taken, peer, service, deps);
  deps.connections.add(connection);
  return protocol === undefined ? new FirstBytes(connection, deps).begin() : connection;
}
