import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { DecodedFields, DecodedResponse } from "../http1/decoded-head.ts";
import { MORE, REFUSED } from "../http1/limits.ts";
import { OutgoingRequest } from "../http1/outgoing-request.ts";
import { RequestHead } from "../http1/request-head.ts";
import type { MessageUser } from "../upstream/upstream-connection.ts";
import type { AnswerTap } from "./answer-tap.ts";
import { bindsConnection } from "./binding.ts";
import { BufferBudget } from "./buffer-budget.ts";
import { ResponseForwarder } from "./forward-response.ts";
import type { ExchangeStream, ExchangeUpstream, UpstreamPool } from "./ports.ts";

const NOTHING = Buffer.alloc(0);

function ignore(): void {
  // Nobody gets the answer.
}

/** Takes everything, and does nothing with it. */
const NOWHERE: ExchangeStream = {
  blocked: false,
  send: ignore,
  relay: ignore,
  finish: ignore,
  pause: ignore,
  resume: ignore,
  keep: (bytes, start, end) => bytes.subarray(start, end),
  releaseBuffer: ignore,
};

/** A copy of a request: its head as HTTP/1.1 text with its empty line, and its body as latin1. */
export type CopiedRequest = { readonly head: string; readonly body: string };

/** Where it goes, and for how long. */
export type CopyTarget = {
  readonly pool: UpstreamPool;
  readonly connectTimeoutMs: number;
  /** 0: no limit. */
  readonly timeoutMs: number;
  /** Rules of HTTP that answers may break: a set of TOLERATED. */
  readonly tolerated: number;
};

/**
 * A copy of a request under way to another version. It is tried once; its answer goes nowhere but
 * into `tap`.
 */
export class MirrorCopy implements MessageUser, Expiring {
  readonly #target: CopyTarget;
  readonly #request: CopiedRequest;
  readonly #head = new RequestHead();
  readonly #outgoing: OutgoingRequest;
  readonly #response: ResponseForwarder;
  readonly #tap: AnswerTap;
  readonly #timer = new Timer(this);
  readonly #onEnd: (isWell: boolean) => void;
  #upstream: ExchangeUpstream | undefined;

  constructor(
    request: CopiedRequest,
    target: CopyTarget,
    tap: AnswerTap,
    onEnd: (isWell: boolean) => void,
  ) {
    this.#request = request;
    this.#target = target;
    this.#tap = tap;
    this.#onEnd = onEnd;
    this.#outgoing = new OutgoingRequest(this.#head, "");
    const { tolerated } = target;
    const nowhere = { live: undefined, pool: undefined, refusals: { response: ignore } };
    const to = { tolerated, aheadBytes: 0, ...nowhere };
    const note = { bodyBytes: 0, began: ignore };
    const answer = { tap, note, interim: ignore, buffered: new BufferBudget(0) };
    this.#response = new ResponseForwarder(NOWHERE, { to, answer });
  }

  /** false: there is no connection at once, and it is not sent. */
  begin(wheel: TimerWheel): boolean {
    const bytes = Buffer.from(this.#request.head, "latin1");
    this.#head.reset();
    if (this.#head.parse(bytes, 0, bytes.length) !== bytes.length) return false;
    this.#outgoing.edit(this.#request.head);
    this.#response.begin();
    const { pool, connectTimeoutMs, timeoutMs } = this.#target;
    const got = pool.acquire(this, connectTimeoutMs, undefined, "any");
    if (got === "waiting") pool.cancel(this);
    if (typeof got === "string") return false;
    this.#upstream = got;
    if (timeoutMs > 0) wheel.arm(this.#timer, timeoutMs);
    if (got.ready) this.#send(got);
    return true;
  }

  onDeadline(): void {
    this.#fail();
  }

  onUpstreamReady(upstream: ExchangeUpstream): void {
    this.#send(upstream);
  }

  onUpstreamFailed(): void {
    this.#upstream = undefined;
    this.#end(false);
  }

  onUpstreamData(bytes: Buffer, end: number): void {
    if (this.#response.inBody) return this.#take(bytes, 0, end);
    const joined = this.#response.join(bytes, end);
    return joined === undefined ? this.#read(bytes, end) : this.#read(joined, joined.length);
  }

  onUpstreamHead(response: DecodedResponse, isEnd: boolean): void {
    const taken = this.#response.takeHead(response, isEnd);
    if (taken === REFUSED) this.#fail();
    else if (taken !== MORE) this.#begin(NOTHING, 0, 0);
  }

  onUpstreamBody(bytes: Buffer, start: number, end: number): void {
    this.#take(bytes, start, end);
  }

  onUpstreamFinish(trailers: DecodedFields | undefined): void {
    this.#response.end(trailers);
    this.#done(true);
  }

  onUpstreamFlushed(): void {
    // All of it was sent at once.
  }

  onUpstreamEnd(): void {
    const isEnd = this.#response.endsWithConnection && this.#upstream?.stream.endIsProven === true;
    if (isEnd) this.#done(false);
    else this.#fail();
  }

  onUpstreamClosed(): void {
    this.#upstream = undefined;
    this.#end(false);
  }

  #send({ stream }: ExchangeUpstream): void {
    stream.send(stream.encode(this.#outgoing), this.#request.body);
    stream.finish("");
  }

  #read(bytes: Buffer, end: number): void {
    const start = this.#response.readHead(bytes, end);
    if (start === REFUSED || this.#response.head.status === 101) return this.#fail();
    return start === MORE ? undefined : this.#begin(bytes, start, end);
  }

  #begin(bytes: Buffer, start: number, end: number): void {
    this.#response.beginBody(this.#head);
    this.#tap.begin(this.#response.head, this.#head.isHead);
    this.#take(bytes, start, end);
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const stream = this.#upstream?.stream;
    if (stream === undefined) return;
    const scanned = this.#response.forward(stream, "", bytes, start, end);
    if (scanned === REFUSED) this.#fail();
    else if (this.#response.scanner.done) this.#done(scanned === end);
  }

  #done(isClean: boolean): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream !== undefined) {
      this.#response.finish(upstream.stream);
      if (isClean && this.#isFitForOthers) this.#target.pool.release(upstream);
      else this.#target.pool.discard(upstream);
    }
    this.#end(true);
  }

  /** A connection that somebody has signed in is of no use: nobody may have it. */
  get #isFitForOthers(): boolean {
    const { keepsConnection, head } = this.#response;
    return keepsConnection && !bindsConnection(this.#head.fields, head.fields);
  }

  #fail(): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream !== undefined) this.#target.pool.discard(upstream);
    this.#end(false);
  }

  #end(isWell: boolean): void {
    this.#timer.close();
    this.#onEnd(isWell);
  }
}
