import { Timer } from "../base/timer-wheel.ts";
import type { Expiring } from "../base/timer-wheel.ts";
import { acceptTransport } from "../transport/open-transport.ts";
import type { Accepted } from "../transport/open-transport.ts";
import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { Transport, TransportHandler } from "../transport/transport.ts";
import type { Peer } from "../transport/peer.ts";
import type { IdleConnection } from "../messages/handed-connection.ts";
import { MORE, REFUSED } from "../http1/limits.ts";
import { REFUSALS } from "../http1/refusal.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { Policy } from "../table/snapshot.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { LINGER_BYTES_MAX, LINGER_MS } from "./linger.ts";
import type { ServeDeps } from "../exchange/deps.ts";
import { refusalResponse } from "../exchange/respond.ts";
import type { Tunnel } from "../tunnel/tunnel.ts";

/** Timeouts of a connection that has not yet been for a service. */
const HEAD_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;
const STALL_TIMEOUT_MS = 30_000;

/** idle: between requests. head: inside one's head. lingering: closing. gone: not ours any more. */
type State = "idle" | "head" | "exchange" | "lingering" | "gone";

/**
 * One connection from a client: finds the requests in its bytes and gives each to an exchange, one
 * after the other. What is pipelined behind a request waits, and reading with it.
 */
export class ClientConnection implements TransportHandler, Expiring {
  readonly transport: Transport;
  readonly peer: Peer;
  /** Who has taken it over. undefined: nobody. */
  tunnel: Tunnel | undefined;
  readonly #deps: ServeDeps;
  /** The listener's service. undefined: by Host. */
  readonly service: string | undefined;
  readonly #timer = new Timer(this);
  #state: State = "idle";
  #exchange: Exchange | undefined;
  /** Bytes of a head that is not whole yet, or of requests behind the one under way. */
  #held: Buffer | undefined;
  #reading = false;
  #ended = false;
  #lingered = 0;
  #headTimeoutMs = HEAD_TIMEOUT_MS;
  #idleTimeoutMs = IDLE_TIMEOUT_MS;
  #idleSinceMs: number;
  #stallTimeoutMs = STALL_TIMEOUT_MS;

  constructor(accepted: Accepted, peer: Peer, service: string | undefined, deps: ServeDeps) {
    this.peer = peer;
    this.service = service;
    this.#deps = deps;
    this.transport = acceptTransport(accepted, deps.buffers, this);
    this.#idleSinceMs = deps.wheel.nowMs;
    const live = service === undefined ? undefined : deps.services.byName(service);
    if (live !== undefined) this.followPolicy(live.table.policy);
    this.#armFor(this.#headTimeoutMs);
  }

  /** The service that a request with this Host is for. */
  serviceFor(host: string): LiveService | undefined {
    const { services } = this.#deps;
    if (this.service !== undefined) return services.byName(this.service);
    const table = services.table.serviceByHost(host);
    return table === undefined ? undefined : services.live(table);
  }

  /** The connection's timeouts between requests are those of the service it was last used for. */
  followPolicy(policy: Policy): void {
    this.#headTimeoutMs = policy.headTimeoutMs;
    this.#idleTimeoutMs = policy.idleTimeoutMs;
    this.#stallTimeoutMs = policy.stallTimeoutMs;
  }

  /** Sets when the exchange wants to be asked again, in monotonic milliseconds. */
  armAt(deadlineMs: number): void {
    this.#deps.wheel.armAt(this.#timer, deadlineMs);
  }

  /** The exchange has answered, or nobody waits for the answer any more. */
  exchangeEnded(close: boolean): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange !== undefined) this.#deps.exchanges.giveBack(exchange);
    if (this.#state !== "exchange") return;
    // In a drain too: an end that was not announced would meet the next request halfway.
    if (close || this.#ended) return this.#linger();
    this.#state = "idle";
    this.#idleSinceMs = this.#deps.wheel.nowMs;
    this.#armFor(this.#idleTimeoutMs);
    if (!this.#reading) this.offer();
  }

  /** It may go to another worker now, if they are being handed over; else it goes on here. */
  offer(): void {
    const { onIdle } = this.#deps.connections;
    if (onIdle === undefined) this.goOn();
    else onIdle(this);
  }

  /**
   * Gives the connection away, between requests. undefined: not now. The caller sends the handle.
   */
  giveAway(): { handle: ConnectionHandle; about: IdleConnection } | undefined {
    const handle = this.#isBetweenRequests ? this.transport.detach() : undefined;
    if (handle === undefined) return undefined;
    const { peer, service } = this;
    const held = this.#held;
    const headTimeoutMs = this.#headTimeoutMs;
    const idleTimeoutMs = this.#idleTimeoutMs;
    this.onClose();
    return { handle, about: { kind: "idle", peer, service, held, headTimeoutMs, idleTimeoutMs } };
  }

  /** Goes on with a connection that another worker gave away, from the bytes it had not used. */
  adopt(about: IdleConnection): void {
    this.#headTimeoutMs = about.headTimeoutMs;
    this.#idleTimeoutMs = about.idleTimeoutMs;
    this.#armFor(this.#idleTimeoutMs);
    if (about.held !== undefined) this.onData(Buffer.from(about.held), about.held.length);
  }

  get #isBetweenRequests(): boolean {
    return this.#state === "idle" || this.#state === "head";
  }

  /** The tunnel takes over: this object is out. Returns the bytes that it has still to send. */
  becomeTunnel(tunnel: Tunnel): Buffer | undefined {
    const held = this.#held;
    this.tunnel = tunnel;
    this.#state = "gone";
    this.#held = undefined;
    this.#timer.close();
    this.transport.handler = tunnel;
    this.#deps.connections.tunnels += 1;
    return held;
  }

  /** The connection is gone, says the tunnel that took it over. */
  tunnelEnded(): void {
    this.#deps.connections.tunnels -= 1;
    this.#deps.connections.remove(this);
  }

  /** The request that is under way on it. undefined: none. */
  get exchange(): Exchange | undefined {
    return this.#state === "exchange" ? this.#exchange : undefined;
  }

  /** Since when nothing of a request has come, in monotonic milliseconds. undefined: one has. */
  get idleSinceMs(): number | undefined {
    return this.#state === "idle" ? this.#idleSinceMs : undefined;
  }

  /** Closes it if it is idle. What the client sends at this very moment gets FIN, not a reset. */
  closeWhenIdle(): void {
    if (this.#state === "idle") this.#linger();
  }

  onConnect(): void {
    // An accepted connection stands from the beginning.
  }

  onData(bytes: Buffer, end: number): void {
    switch (this.#state) {
      case "idle":
      case "head":
        return this.#readRequests(bytes, end);
      case "exchange":
        return this.#readBody(bytes, end);
      case "lingering":
        this.#lingered += end;
        if (this.#lingered > LINGER_BYTES_MAX) this.transport.destroy();
        return undefined;
      case "gone":
        return undefined;
    }
  }

  onEnd(): void {
    this.#ended = true;
    if (this.#state === "exchange") this.#exchange?.onClientEnd();
    else this.transport.destroy();
  }

  onFlushed(): void {
    switch (this.#state) {
      case "exchange":
        return this.#exchange?.onClientTook();
      case "idle":
      case "head":
        return this.offer();
      case "lingering":
        return this.#armFor(LINGER_MS);
      case "gone":
        return undefined;
    }
  }

  onClose(): void {
    const exchange = this.#exchange;
    const inExchange = this.#state === "exchange";
    this.#state = "gone";
    this.#timer.close();
    if (exchange !== undefined && inExchange) exchange.onClientGone();
    else if (exchange !== undefined) this.exchangeEnded(true);
    this.#deps.connections.remove(this);
  }

  onDeadline(nowMs: number): void {
    switch (this.#state) {
      case "exchange":
        return this.#exchange?.onDeadline(nowMs);
      case "head":
        return this.#refuse(REFUSALS["head-timeout"]);
      case "idle":
      case "lingering":
        return this.transport.destroy();
      case "gone":
        return undefined;
    }
  }

  #readRequests(bytes: Buffer, end: number): void {
    if (this.#held === undefined) return this.#readFrom(bytes, end);
    const joined = Buffer.concat([this.#held, bytes.subarray(0, end)]);
    this.#held = undefined;
    return this.#readFrom(joined, joined.length);
  }

  /** To the next request, unless the client has yet to take an answer: they must not pile up. */
  goOn(): void {
    if (!this.#isBetweenRequests) return;
    if (this.transport.blocked) return this.transport.pause();
    this.transport.resume();
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#readFrom(held, held.length);
  }

  /** Begins an exchange for each request in bytes[0, end), as long as they end at once. */
  #readFrom(bytes: Buffer, end: number): void {
    let start = 0;
    this.#reading = true;
    while (start < end && this.#isBetweenRequests && !this.transport.blocked) {
      const exchange = this.#exchange ?? this.#borrow();
      const length = exchange.head.parse(bytes, start, end);
      if (length === MORE) {
        this.#awaitHead();
        break;
      }
      if (length === REFUSED) {
        this.#refuse(exchange.head.refusal ?? REFUSALS["method-invalid"]);
        break;
      }
      this.#state = "exchange";
      start = exchange.begin(bytes, start + length, end);
    }
    this.#reading = false;
    if (start < end) this.#hold(bytes, start, end);
  }

  #readBody(bytes: Buffer, end: number): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const start = exchange.requestDone ? 0 : exchange.onRequestBytes(bytes, 0, end);
    if (start < end) this.#hold(bytes, start, end);
  }

  /** What comes behind a request under way waits, and the client with it: at most one read more. */
  #hold(bytes: Buffer, start: number, end: number): void {
    if (this.#state === "lingering" || this.#state === "gone") return;
    const rest = bytes.subarray(start, end);
    this.#held = this.#held === undefined ? Buffer.from(rest) : Buffer.concat([this.#held, rest]);
    if (this.#state === "exchange" || this.transport.blocked) this.transport.pause();
  }

  #borrow(): Exchange {
    const exchange = this.#deps.exchanges.borrow(this.#deps);
    this.#exchange = exchange;
    exchange.lend(this);
    return exchange;
  }

  /** The head has to be whole some time after its first byte, however often more of it comes. */
  #awaitHead(): void {
    if (this.#state === "idle") this.#armFor(this.#headTimeoutMs);
    this.#state = "head";
  }

  #armFor(timeoutMs: number): void {
    this.#deps.wheel.arm(this.#timer, timeoutMs > 0 ? timeoutMs : Infinity);
  }

  #refuse(refusal: Refusal): void {
    this.#deps.rejected.add(refusal.reason);
    const date = this.#deps.date.at(this.#deps.wheel.nowMs);
    this.transport.write(refusalResponse(refusal, { head: false, date }));
    this.#linger();
    this.exchangeEnded(true);
  }

  /**
   * Sends FIN and reads on for a while: a reset would take the answer from the client. One that has
   * yet to take the end of its answer gets the time that it has for a body.
   */
  #linger(): void {
    this.#state = "lingering";
    this.#held = undefined;
    this.transport.end();
    this.#armFor(this.transport.blocked ? this.#stallTimeoutMs : LINGER_MS);
    if (!this.#ended) this.transport.resume();
  }
}
