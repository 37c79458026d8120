import type { ConnectionHandle } from "../base/connection-handle.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { ExchangeClient } from "../exchange/ports.ts";
import { refusalResponse } from "../exchange/respond.ts";
import { MORE, REFUSED } from "../http1/limits.ts";
import { ResponseStream } from "../http1/message-stream.ts";
import { REFUSALS } from "../http1/refusal.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { IdleConnection } from "../messages/handed-connection.ts";
import { AcceptedConnection } from "./accepted-connection.ts";
import type { OpenClient } from "./client-connections.ts";
import { FirstBytes } from "./first-bytes.ts";
import { noteRefusedHead } from "./refused-head.ts";

/**
 * Bytes of requests that wait up to which there is another read, once a second, so that the end of
 * a client is seen that sent some of them and left.
 */
const HELD_BYTES_MAX = 64 * 1024;

/** idle: between requests. head: inside one's head. gone: not ours any more. */
type State = "idle" | "head" | "exchange" | "gone";

/**
 * One HTTP/1.1 connection from a client: finds the requests in its bytes and gives each to an
 * exchange, one at a time. Pipelined requests wait, and reading pauses meanwhile.
 */
export class ClientConnection extends AcceptedConnection implements OpenClient, ExchangeClient {
  readonly stream = new ResponseStream(this.transport);
  readonly mayBind = true;
  #state: State = "idle";
  #exchange: Exchange | undefined;
  /** Bytes of an incomplete head, or of requests behind the one under way. */
  #held: Buffer | undefined;
  #reading = false;
  #idleSinceMs = this.deps.wheel.nowMs;

  exchangeEnded(close: boolean): void {
    this.#giveExchangeBack();
    if (this.#state !== "exchange") return;
    // In a drain too: an unannounced end could collide with the next request.
    if (close || this.#hasSentAll) return this.linger();
    this.#state = "idle";
    this.#idleSinceMs = this.deps.wheel.nowMs;
    this.armIdle();
    if (!this.#reading) this.offer();
  }

  /** A reset shows at once. A FIN may wait behind requests that wait: one read more brings it. */
  override look(): void {
    const { transport } = this;
    if (transport.lost) return transport.destroy();
    super.look();
    const held = this.#state === "exchange" ? this.#held : undefined;
    if (held !== undefined && held.length < HELD_BYTES_MAX) transport.resume();
  }

  offer(): void {
    const { onIdle } = this.deps.connections;
    if (onIdle === undefined) this.goOn();
    else onIdle(this);
  }

  giveAway(): { handle: ConnectionHandle; about: IdleConnection } | undefined {
    // Somebody else may still read what comes before the first request. And who the client is
    // cannot move along: its next answer closes it instead (see draining).
    const { handler } = this.transport;
    const isNew = handler instanceof FirstBytes && handler.isEmpty;
    const isOurs = this.#isBetweenRequests && (isNew || handler === this);
    const handle = isOurs && !this.isBound ? this.transport.detach() : undefined;
    if (handle === undefined) return undefined;
    const { peer, service } = this;
    const { headTimeoutMs, idleTimeoutMs } = this.timeouts;
    const held = this.#held;
    this.onClose();
    return {
      handle,
      about: { kind: "idle", peer, service, held, isNew, headTimeoutMs, idleTimeoutMs },
    };
  }

  /** Continues a connection that another worker gave away, from the bytes that it had not used. */
  adopt(about: IdleConnection): void {
    const { held, isNew } = about;
    if (isNew) new FirstBytes(this, this.deps).begin();
    this.goOnWith(about);
    if (held !== undefined) this.onData(Buffer.from(held), held.length);
  }

  get exchange(): Exchange | undefined {
    return this.#state === "exchange" ? this.#exchange : undefined;
  }

  get idleSinceMs(): number | undefined {
    return this.#state === "idle" ? this.#idleSinceMs : undefined;
  }

  closeWhenIdle(): void {
    if (this.#state === "idle") this.linger();
  }

  onData(bytes: Buffer, end: number): void {
    if (this.#state === "exchange") return this.#readBody(bytes, end);
    const held = this.#takeHeld();
    if (held === undefined) return this.#readFrom(bytes, end);
    const joined = Buffer.concat([held, bytes.subarray(0, end)]);
    return this.#readFrom(joined, joined.length);
  }

  onEnd(): void {
    if (this.#state === "exchange") this.#exchange?.onClientEnd();
    else this.transport.destroy();
  }

  onFlushed(): void {
    if (this.#state === "exchange") this.#exchange?.onClientTook();
    else this.offer();
  }

  onClose(): void {
    const { exchange } = this;
    this.leave();
    if (exchange === undefined) this.#giveExchangeBack();
    else exchange.onClientGone();
    this.closed();
  }

  onDeadline(nowMs: number): void {
    if (this.#state === "exchange") this.#exchange?.onDeadline(nowMs);
    else if (this.#state === "head") this.#refuse(REFUSALS["head-timeout"]);
    else this.transport.destroy();
  }

  /**
   * Continues with the next request, unless the client has not taken an answer yet: answers must
   * not pile up.
   */
  goOn(): void {
    if (!this.#isBetweenRequests) return;
    if (this.transport.blocked) return this.transport.pause();
    this.transport.resume();
    const held = this.#takeHeld();
    if (held !== undefined) this.#readFrom(held, held.length);
  }

  /** Begins an exchange for each request in bytes[0, end), as long as they end at once. */
  #readFrom(bytes: Buffer, end: number): void {
    let start = 0;
    this.#reading = true;
    while (start < end && this.#isBetweenRequests && !this.transport.blocked) {
      const exchange = (this.#exchange ??= this.deps.exchanges.lend(this));
      const length = exchange.head.parse(bytes, start, end);
      if (length === MORE) {
        if (this.transport.ended) return this.transport.destroy();
        this.awaitHead();
        break;
      }
      if (length === REFUSED) {
        this.#refuse(exchange.head.refusal ?? REFUSALS["method-invalid"]);
        break;
      }
      this.#state = "exchange";
      start = exchange.begin(bytes, start + length, end);
      if (this.transport.ended) this.exchange?.onClientEnd();
    }
    this.#reading = false;
    if (start < end) this.#hold(bytes, start, end);
    else if (this.#state === "idle" && this.transport.ended) this.linger();
  }

  #readBody(bytes: Buffer, end: number): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const start = exchange.request.done ? 0 : exchange.onRequestBytes(bytes, 0, end);
    if (start < end) this.#hold(bytes, start, end);
  }

  /** What follows a request under way waits, and so does the client: at most one more read. */
  #hold(bytes: Buffer, start: number, end: number): void {
    if (this.#state === "gone") return;
    const rest = bytes.subarray(start, end);
    this.#held = this.#held === undefined ? Buffer.from(rest) : Buffer.concat([this.#held, rest]);
    if (this.#state === "exchange" || this.transport.blocked) this.transport.pause();
  }

  #takeHeld(): Buffer | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** The client has sent FIN, and no request before it is left. */
  get #hasSentAll(): boolean {
    return this.transport.ended && this.#held === undefined && !this.#reading;
  }

  get #isBetweenRequests(): boolean {
    return this.#state === "idle" || this.#state === "head";
  }

  /** The head must be complete some time after its first byte, however often more of it arrives. */
  awaitHead(): void {
    if (this.#state === "idle") this.armFor(this.timeouts.headTimeoutMs);
    this.#state = "head";
  }

  #refuse(refusal: Refusal): void {
    const { date, wheel } = this.deps;
    const { peer, service } = this;
    noteRefusedHead(this.deps, refusal, { peer, service, protocol: "1.1" });
    this.stream.answer(refusalResponse(refusal, { head: false, date: date.at(wheel.nowMs) }));
    this.linger();
    this.#giveExchangeBack();
  }

  #giveExchangeBack(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange !== undefined) this.deps.exchanges.giveBack(exchange);
  }

  protected leave(): Buffer | undefined {
    this.#state = "gone";
    this.endBound();
    return this.#takeHeld();
  }
}
