import { createServer } from "node:net";
import type { Server } from "node:net";
import { closeAccepted, endsOf, remoteAddressOf } from "../transport/open-transport.ts";
import type { Accepted } from "../transport/open-transport.ts";
import { acceptHandles } from "../transport/stream-handles.ts";
import type { ListenerSnapshot } from "../table/snapshot.ts";
import type { Taken } from "./accepted-connection.ts";
import type { ClientDeps } from "./client-deps.ts";
import type { Peer } from "../transport/peer.ts";
import { errorResponse, proxyStatusOf, statusOf } from "../exchange/respond.ts";
import { answerText } from "../http1/own-answer.ts";
import { openClient } from "./open-client.ts";
import { ProxyPreface } from "./proxy-preface.ts";
import type { PrefacedConnection } from "./proxy-preface.ts";
import { TcpConnection } from "./tcp-connection.ts";
import { TcpRoutes } from "./tcp-routes.ts";
import { TrustedPeers } from "./trusted-peers.ts";
import { PrefacedNewcomer } from "./prefaced-newcomer.ts";
import { TlsDoor } from "./tls-door.ts";
import { descriptorOf, ownFirstReservedDescriptor } from "./descriptor-reserve.ts";
import { TurnAway } from "./turn-away.ts";

/** Connections that the kernel keeps for us until we accept them. */
const BACKLOG = 4096;

/** A peer that has closed its connection before we could ask who it is. */
const GONE: Peer = { address: "", trusted: false };

/** Whatever node:net takes as a bound handle: the socket that came with the message. */
export type ListenHandle = Parameters<Server["listen"]>[0];

/** Accepts the connections of one bound socket, which the primary owns. */
export class Listener {
  readonly #snapshot: ListenerSnapshot;
  readonly #deps: ClientDeps;
  readonly #trusted: TrustedPeers;
  readonly #turnAway: TurnAway;
  /** Of TCP connections. */
  readonly #routes: TcpRoutes;
  /** undefined: clients speak in clear. */
  readonly #door: TlsDoor | undefined;
  readonly #server: Server;
  /** Clients get no descriptor from here on. */
  readonly #firstReserved = ownFirstReservedDescriptor();

  constructor(snapshot: ListenerSnapshot, deps: ClientDeps) {
    this.#snapshot = snapshot;
    this.#deps = deps;
    this.#trusted = new TrustedPeers(snapshot.trustedPeers);
    this.#turnAway = new TurnAway(deps);
    this.#routes = new TcpRoutes(snapshot);
    const { tls, tcp } = snapshot;
    if (tls !== undefined) {
      this.#door = new TlsDoor(snapshot, tls, deps, (taken, peer, protocol) => {
        if (tcp !== undefined) this.#takeTcp(taken, peer).begin();
        else openClient({ taken, peer, listener: snapshot, protocol }, deps);
      });
    }
    const options = { allowHalfOpen: true, noDelay: true };
    this.#server = createServer(options, (socket) => this.#accept(socket));
    // EMFILE and the like: the connection is lost, and the listener continues with the next one.
    this.#server.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
      deps.rejected.add("accept-failed");
      deps.faults.add(code, "accept", snapshot.bind);
    });
  }

  /** Resolves when connections are accepted. */
  listen(handle: ListenHandle): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(handle, BACKLOG, () => {
        this.#server.removeListener("error", reject);
        acceptHandles(this.#server, (accepted) => this.#accept(accepted));
        resolve();
      });
    });
  }

  /** Accepts no more. The socket stays open in the primary; open connections stay here. */
  close(): void {
    this.#server.close();
  }

  #accept(accepted: Accepted): void {
    const { connections } = this.#deps;
    // Out of descriptors, libuv would close it without a word to anybody.
    const isShort = descriptorOf(accepted) >= this.#firstReserved;
    if (isShort) this.#deps.faults.add("EMFILE", "accept", this.#snapshot.bind);
    const isFull = connections.size + connections.shaking >= this.#snapshot.connectionsMax;
    if (isFull || isShort) return this.#turnBack(accepted, isShort);
    if (this.#door !== undefined) return this.#knock(this.#door, accepted);
    const peer = this.#peerOf(accepted);
    const { proxyProtocol, tcp } = this.#snapshot;
    if (tcp !== undefined) {
      const passed = this.#takeTcp(accepted, peer);
      return proxyProtocol ? this.#awaitHeader(passed) : passed.begin();
    }
    const arrival = { taken: accepted, peer, listener: this.#snapshot, protocol: undefined };
    const reader = openClient(arrival, this.#deps);
    if (proxyProtocol) this.#awaitHeader(reader);
    return undefined;
  }

  #takeTcp(taken: Taken, peer: Peer): TcpConnection {
    const connection = new TcpConnection(taken, peer, this.#routes, this.#deps);
    this.#deps.connections.add(connection);
    return connection;
  }

  #knock(door: TlsDoor, accepted: Accepted): void {
    const peer = this.#peerOf(accepted);
    if (!this.#snapshot.proxyProtocol) return door.knock({ accepted, peer, read: undefined });
    const newcomer = new PrefacedNewcomer(accepted, peer, this.#deps, door);
    return this.#awaitHeader(newcomer);
  }

  /** There is no room. Over TLS nobody can be told so, nor in another protocol than HTTP. */
  #turnBack(accepted: Accepted, isShort: boolean): void {
    const { date, wheel, rejected, localReplies } = this.#deps;
    rejected.add("too-many-connections");
    const { tcp, service = "" } = this.#snapshot;
    const isMute = this.#door !== undefined || tcp !== undefined;
    this.#deps.witness.exchanges?.headRefused({
      client: remoteAddressOf(accepted) ?? "",
      service,
      protocol: undefined,
      status: isMute ? 0 : statusOf("too-many-connections"),
      reason: "too-many-connections",
    });
    if (isMute) return closeAccepted(accepted);
    localReplies.add(service, proxyStatusOf("too-many-connections"));
    const options = { close: true, head: false, date: date.at(wheel.nowMs) };
    const answer = answerText(errorResponse("too-many-connections", options));
    return this.#turnAway.take(accepted, answer, isShort);
  }

  /** Anybody could say anything of where a connection is from: only who is trusted may. */
  #awaitHeader(connection: PrefacedConnection): void {
    const { rejected } = this.#deps;
    if (connection.peer.trusted) {
      const wantsEnds = this.#wantsEnds;
      new ProxyPreface(connection, { trusted: this.#trusted, rejected, wantsEnds }).begin();
      return;
    }
    rejected.add("proxy-header-untrusted");
    connection.transport.destroy();
  }

  get #wantsEnds(): boolean {
    return this.#snapshot.tcp !== undefined && this.#routes.wantsEnds(this.#deps.services);
  }

  #peerOf(accepted: Accepted): Peer {
    if (this.#snapshot.bind.startsWith("unix:")) return this.#trusted.unixPeer;
    const address = remoteAddressOf(accepted);
    if (address === undefined) return GONE;
    const peer = this.#trusted.peerAt(address);
    return this.#wantsEnds ? { ...peer, ends: endsOf(accepted) } : peer;
  }
}
