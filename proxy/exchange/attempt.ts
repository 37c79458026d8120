import type { TimerWheel } from "../base/timer-wheel.ts";
import type { OutgoingRequest } from "../http1/outgoing-request.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { MessageUser } from "../upstream/upstream-connection.ts";
import type { AnswerNote } from "./answer-note.ts";
import { bindsConnection } from "./binding.ts";
import { tellDeadline } from "./deadline-field.ts";
import type { Destination } from "./destination.ts";
import type { ExchangeClient, ExchangeUpstream, UpstreamPool } from "./ports.ts";
import type { ProxyError } from "./respond.ts";
import { upstreamIdleMs } from "./upstream-idle.ts";

/** What is tried, and where. */
export type Attempted = {
  readonly to: Destination;
  readonly request: {
    readonly idempotent: boolean;
    /** All of it has been read from the client. */
    readonly done: boolean;
    readonly outgoing: OutgoingRequest;
  };
  readonly wheel: TimerWheel;
  /** When the request arrived, in monotonic ms. */
  readonly sinceMs: number;
  /** Where it is noted what was tried. */
  readonly answer: { readonly note: AnswerNote };
};

/** The attempt under way: what it got from which pool. One object for each exchange, reused. */
export class Attempt {
  #client: ExchangeClient;
  #pool: UpstreamPool | undefined;
  /** undefined: none yet, or no more. */
  upstream: ExchangeUpstream | undefined;
  /** The endpoint that is tried. undefined: none yet. */
  endpoint: Endpoint | undefined;
  /** undefined: nothing has been tried yet. */
  #attempted: Attempted | undefined;
  /** Since when it is the endpoint's turn, in monotonic ms. 0: it is not, or nobody asks. */
  #askedMs = 0;

  constructor(client: ExchangeClient) {
    this.#client = client;
  }

  /** Whose exchange the next attempts are for. */
  setClient(client: ExchangeClient): void {
    this.#client = client;
  }

  /** The exchange is over. */
  clear(): void {
    this.#pool = undefined;
    this.upstream = undefined;
  }

  /** The connection has got another owner. */
  handOver(): void {
    this.#unbind();
    this.#pool = undefined;
    this.upstream = undefined;
    this.endpoint = undefined;
  }

  /** The pool has all its connections in use, and has put it into its waiting line. */
  get inLine(): boolean {
    return this.#pool !== undefined && this.endpoint === undefined;
  }

  /** How long it may be in line, in ms. 0: as long as it may wait for an answer. */
  get pendingTimeoutMs(): number {
    return this.#pool?.pendingTimeoutMs ?? 0;
  }

  /**
   * Begins at the destination's pool. It may have to wait; then onUpstreamReady or onUpstreamFailed
   * follows. Returns the reason if there will be no connection.
   */
  begin(
    user: MessageUser,
    attempted: Attempted,
    avoid: Endpoint | undefined,
    fresh: boolean,
  ): ProxyError | undefined {
    // What cannot be sent again must not meet the end of a connection on its way.
    const freshness = attempted.request.idempotent ? "any" : "recent";
    const { pool, policy, affinity } = attempted.to;
    beginsTry(attempted);
    this.#attempted = attempted;
    this.#askedMs = 0;
    this.#pool = pool;
    this.upstream = undefined;
    this.endpoint = undefined;
    if (!fresh && avoid === undefined && this.#resume(user)) return undefined;
    const wanted = fresh ? "new" : freshness;
    const place = affinity.endpointPlace;
    const got = pool?.acquire(user, policy.connectTimeoutMs, avoid, wanted, place) ?? "unavailable";
    if (typeof got !== "string") this.got(got);
    if (got !== "unavailable" && got !== "overloaded") return undefined;
    this.#pool = undefined;
    return got === "unavailable" ? "no-endpoint" : got;
  }

  /** Whether the client's own connection is there to be used. */
  #resume(user: MessageUser): boolean {
    const { bound } = this.#client;
    if (bound === undefined || bound.pool !== this.#pool) return false;
    if (bound.pool.resume(bound.upstream, user)) this.got(bound.upstream);
    else this.#client.bound = undefined;
    return this.#client.bound !== undefined;
  }

  /** The connection under way is one that only this client may use. */
  protected get isBound(): boolean {
    return this.upstream !== undefined && this.#client.bound?.upstream === this.upstream;
  }

  /** The connection under way is nobody's any more. */
  #unbind(): void {
    if (this.isBound) this.#client.bound = undefined;
  }

  got(upstream: ExchangeUpstream): void {
    this.upstream = upstream;
    this.#at(upstream.endpoint);
    if (this.#askedMs === 0 && this.#attempted?.request.done === true) this.asked();
  }

  /** All of the request is there. */
  asked(): void {
    this.#askedMs = turnBegins(this, this.#attempted);
  }

  /** It has answered; or, not well, has failed or is given up. */
  lasted(isWell: boolean): void {
    if (this.#askedMs > 0) tellLatency(this, this.#attempted, this.#askedMs, isWell);
    this.#askedMs = 0;
  }

  #at(endpoint: Endpoint | undefined): void {
    this.endpoint = endpoint;
    if (this.#attempted === undefined || endpoint === undefined) return;
    this.#attempted.answer.note.endpoint = endpoint;
  }

  /** The endpoint, if any, has not begun with it: it is as if nothing had been written. */
  notBegun(endpoint: Endpoint | undefined, request: { written: boolean }): void {
    this.#at(endpoint);
    request.written = false;
  }

  /** Another connection, of a pool that may be another one, takes the place of this one. */
  protected replace(pool: UpstreamPool, upstream: ExchangeUpstream): void {
    this.#pool = pool;
    this.got(upstream);
    this.#askedMs = 0;
  }

  /** It has answered. */
  settle(): void {
    // Nothing else was asked.
  }

  /** It went well at the endpoint, or badly. */
  judge(isWell: boolean): void {
    if (this.endpoint === undefined) return;
    this.lasted(isWell);
    if (isWell) this.#pool?.succeeded(this.endpoint);
    else this.#pool?.failed(this.endpoint);
  }

  /** Where the request can be written to now. undefined: no connection is ready. */
  get writable(): ExchangeUpstream | undefined {
    return this.upstream?.ready === true ? this.upstream : undefined;
  }

  /**
   * Whether the end of the connection is that of the body, and not one that anybody may have made:
   * see RequestSink.endIsProven.
   */
  endsBody({ endsWithConnection }: { readonly endsWithConnection: boolean }): boolean {
    return endsWithConnection && this.upstream?.stream.endIsProven === true;
  }

  /** On a connection that had carried an exchange before. */
  get isReused(): boolean {
    return this.upstream?.reused === true;
  }

  /** It sent more than answers. */
  spoke(nowMs: number): void {
    this.endpoint?.habits.spoke(nowMs);
  }

  /** A connection in use is destroyed, since its state is unknown. */
  drop(user: MessageUser): void {
    const { upstream } = this;
    this.lasted(false);
    this.#unbind();
    this.upstream = undefined;
    if (upstream === undefined) this.#pool?.cancel(user);
    else this.#pool?.discard(upstream);
  }

  /** The connection is in order and can serve the next exchange, maybe only of this client. */
  release(response: ResponseHead, request: RequestHead): void {
    const { upstream } = this;
    const isBound =
      this.#client.bound?.upstream === upstream || bindsConnection(request.fields, response.fields);
    if (upstream !== undefined) {
      if (!upstream.reused) upstream.toldIdleMs = upstreamIdleMs(response.header("keep-alive"));
      if (!isBound) this.#pool?.release(upstream);
      else if (this.#client.mayBind) this.#bind(upstream);
      else this.#pool?.discard(upstream);
    }
    this.upstream = undefined;
  }

  /** A client has one such connection at most: a second one takes the place of the first. */
  #bind(upstream: ExchangeUpstream): void {
    const { bound } = this.#client;
    const pool = this.#pool;
    if (bound !== undefined && bound.upstream !== upstream) bound.pool.discard(bound.upstream);
    this.#client.bound = pool?.release(upstream, true) === true ? { pool, upstream } : undefined;
  }
}

function beginsTry({ to: { policy }, request, answer: { note }, wheel, sinceMs }: Attempted): void {
  if (policy.deadlineField !== undefined) {
    tellDeadline(policy, request.outgoing, wheel.readMs() - sinceMs);
  }
  note.tries += 1;
  note.trace?.tried();
}

/** When it is the endpoint's turn: now. 0: nobody asks. */
function turnBegins({ upstream }: Attempt, attempted: Attempted | undefined): number {
  const isAsked = upstream?.endpoint.latency !== undefined && attempted !== undefined;
  return isAsked ? attempted.wheel.readMs() : 0;
}

/** Whoever is left before an answer is at least so slow. */
function tellLatency(
  { endpoint }: Attempt,
  attempted: Attempted | undefined,
  askedMs: number,
  isWell: boolean,
): void {
  const latency = endpoint?.latency;
  if (latency === undefined || attempted === undefined) return;
  const { wheel } = attempted;
  const tookMs = wheel.readMs() - askedMs;
  if (isWell) latency.answered(tookMs, wheel.nowMs);
  else latency.failed(tookMs, wheel.nowMs);
}
