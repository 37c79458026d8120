import { REFUSED } from "../http1/limits.ts";
import { REFUSALS } from "../http1/refusal.ts";
import type { Refusal } from "../http1/refusal.ts";
import { RequestHead } from "../http1/request-head.ts";
import type { RetryCause } from "../table/snapshot.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { UpstreamConnection } from "../upstream/upstream-connection.ts";
import type { VersionPool } from "../upstream/version-pool.ts";
import { TunnelFrames } from "../tunnel/tunnel-frames.ts";
import { endsWithClose, framingForClient, isSwitchAskedFor, isWebSocket } from "./answer.ts";
import { Attempt, FAILURES } from "./attempt.ts";
import type { AttemptOwner, Failure } from "./attempt.ts";
import { ClientAnswer } from "./client-answer.ts";
import type { ClientConnection } from "../clients/client-connection.ts";
import { Deadlines } from "./deadlines.ts";
import { Destination } from "./destination.ts";
import { RequestForwarder } from "./forward-request.ts";
import type { ServeDeps } from "./deps.ts";
import type { ProxyError } from "./respond.ts";
import { Retries } from "./retry.ts";
import type { RetryDecision } from "./retry.ts";
import { Tunnel } from "../tunnel/tunnel.ts";

/**
 * One request with its response and all its attempts: the place where everything about it is
 * decided. Bytes are moved by RequestForwarder and ResponseForwarder, upstream matters are the
 * Attempt's. Lent to a client connection from the first byte of a request to the last of its
 * response, then used again for another one.
 */
export class Exchange implements AttemptOwner {
  readonly head = new RequestHead();
  readonly request: RequestForwarder;
  readonly #deps: ServeDeps;
  readonly #attempt = new Attempt(this);
  readonly #answer: ClientAnswer;
  #client!: ClientConnection;
  readonly #to: Destination;
  readonly #retries = new Retries();
  readonly #deadlines = new Deadlines();
  #startedMs = 0;

  constructor(deps: ServeDeps) {
    this.#deps = deps;
    this.request = new RequestForwarder(deps.pseudonym);
    this.#to = new Destination(deps);
    this.#answer = new ClientAnswer(deps);
  }

  /** A new request begins on this connection. */
  lend(client: ClientConnection): void {
    this.#client = client;
    this.#attempt.response.setClient(client.transport);
    this.#answer.begin(client.transport, this.head);
    this.head.reset();
    this.#retries.clear();
    this.#deadlines.clear();
  }

  /**
   * When the request came, in monotonic milliseconds: no two requests of one object have the same.
   */
  get sinceMs(): number {
    return this.#startedMs;
  }

  /** The version that it is under way at. undefined: none. */
  get pool(): VersionPool | undefined {
    return this.#to.pool;
  }

  /** Ends it because its version is left: half a response is never passed off as a whole one. */
  cut(): void {
    this.#attempt.drop();
    if (this.#answer.status !== 0) this.#client.transport.reset();
    else this.#answerError("no-endpoint");
  }

  /** What follows on the client's connection belongs to another request. */
  get requestDone(): boolean {
    return this.request.done;
  }

  /**
   * The head is parsed; bytes[start, end) follow it. Returns where the request ends in them. The
   * exchange may be over when this returns, if the answer is ours.
   */
  begin(bytes: Buffer, start: number, end: number): number {
    const { head, request } = this;
    this.#startedMs = this.#deps.clock.nowMs();
    const { protectedNamesIgnored } = head;
    if (protectedNamesIgnored > 0) this.#deps.rejected.add("connection-name-protected");
    request.begin(head.framing, head.contentLength, head.takesTrailers);
    const bodyEnd = request.scan(bytes, start, end);
    if (bodyEnd === REFUSED) {
      this.#refuseBody();
      return end;
    }
    if (head.asteriskForm || head.maxForwards === 0) this.#answerOptions();
    else if (head.viaHasPseudonym(this.#deps.pseudonym)) this.#answerError("loop");
    else this.#route(bytes, start);
    return bodyEnd;
  }

  /** More of the request came. Returns where it ends in bytes[start, end). */
  onRequestBytes(bytes: Buffer, start: number, end: number): number {
    const { request } = this;
    const bodyEnd = request.scan(bytes, start, end);
    if (bodyEnd === REFUSED || this.request.exceeds(this.#to.policy.maxBodyBytes)) {
      this.#refuseBody();
      return end;
    }
    this.#requestMoved();
    const upstream = this.#attempt.connection?.transport;
    if (upstream === undefined || !this.#attempt.ready) {
      request.keep(bytes, start);
      return bodyEnd;
    }
    request.forward(upstream, this.#client.transport, bytes, start);
    if (upstream.blocked && !request.done) this.#client.transport.pause();
    return bodyEnd;
  }

  /** The client sends no more. A request that is not whole is never completed (RFC 9112 8). */
  onClientEnd(): void {
    if (!this.request.done) this.#client.transport.destroy();
  }

  /** The client is gone: nobody waits for the answer. */
  onClientGone(): void {
    this.#attempt.drop();
    this.#end();
  }

  /** The client took what was written to it. */
  onClientTook(): void {
    this.#deadlines.moved(this.#deps.wheel.nowMs);
    this.#attempt.connection?.transport.resume();
  }

  onUpstreamTook(): void {
    this.#requestMoved();
    if (!this.request.done) this.#client.transport.resume();
  }

  onReady(connection: UpstreamConnection): void {
    this.request.send(connection.transport);
    if (!this.request.done && !connection.transport.blocked) this.#client.transport.resume();
  }

  onInterimHead(): void {
    this.#answer.interim(this.#attempt.response.head);
  }

  onFinalHead(bytes: Buffer, start: number, end: number): void {
    const { response, endpoint } = this.#attempt;
    const { status } = response.head;
    const pool = this.#to.pool as VersionPool;
    if (status === 101) return this.#switch(bytes, start, end);
    this.#to.attemptAnswered(status);
    if (status >= 500) pool.failed(endpoint as Endpoint);
    else pool.succeeded(endpoint as Endpoint);
    if (status === 503 && this.#retryAfter("503") !== "no") return this.#retry("policy");
    const framing = framingForClient(response.head, this.head);
    this.#answer.closes =
      this.#answer.mustClose(this.request.done) || endsWithClose(response.head, this.head);
    response.beginBody(this.head.isHead, framing, this.head.takesTrailers);
    const head = this.#answer.head(response.head, framing, this.#to);
    if (head === undefined) return this.#filterFailed();
    return this.#attempt.answer(head, bytes, start, end);
  }

  onBodyMoved(): void {
    if (this.#client.transport.blocked) this.#attempt.connection?.transport.pause();
    const first = this.#deadlines.moved(this.#deps.wheel.nowMs);
    if (first) this.#client.armAt(this.#deadlines.nextMs());
  }

  onResponseDone(clean: boolean): void {
    const { connection, response } = this.#attempt;
    const taken = !this.#client.transport.blocked;
    connection?.transport.releaseBuffer(taken);
    if (clean && response.head.keepAlive && this.request.done) this.#attempt.release();
    else this.#attempt.drop();
    this.#end();
  }

  onFailure(failure: Failure): void {
    const { endpoint } = this.#attempt;
    const pool = this.#to.pool as VersionPool;
    const begun = this.#answer.status !== 0;
    const decision = begun ? "no" : this.#retryAfter(failure.cause);
    if (decision === "stale") return this.#retry(decision);
    this.#to.attemptEnded(failure.outcome);
    if (endpoint !== undefined) pool.failed(endpoint);
    if (decision === "policy") return this.#retry(decision);
    this.#attempt.drop();
    // Half a body must not pass for a whole one, not even where a FIN would end it.
    if (begun) return this.#client.transport.reset();
    return this.#answerError(failure.error);
  }

  /** The client connection's timer came. */
  onDeadline(nowMs: number): void {
    switch (this.#deadlines.passed(nowMs)) {
      case "expired":
      case "stalled":
        return this.#late();
      case undefined:
        return this.#client.armAt(this.#deadlines.nextMs());
    }
  }

  #route(bytes: Buffer, start: number): void {
    const client = this.#client;
    const to = this.#to;
    const noService = to.findService(this.head, client);
    if (noService !== undefined) return this.#answerError(noService);
    if (this.request.exceeds(to.policy.maxBodyBytes)) return this.#refuseBody();
    const requestId = this.#deps.exchanges.nextRequestId();
    this.request.setHead(this.head, client.peer, requestId, to.live.name);
    if (to.filters !== undefined && !this.#answer.passes(to, this.request)) return this.#end();
    const noVersion = to.enterVersion(this.head, client.peer.address);
    if (noVersion !== undefined) return this.#answerError(noVersion);
    this.#deadlines.begin(to.policy, this.#deps.wheel.nowMs);
    this.#requestMoved();
    client.armAt(this.#deadlines.nextMs());
    return this.#firstAttempt(bytes, start);
  }

  #firstAttempt(bytes: Buffer, start: number): void {
    const { request } = this;
    const { transport } = this.#client;
    const started = this.#startAttempt();
    if (started === "refused") return;
    const upstream = this.#attempt.connection?.transport;
    if (started === "waiting" || upstream === undefined) request.keep(bytes, start);
    else request.sendWith(upstream, transport, bytes, start);
    const waits = started === "waiting" || upstream?.blocked === true;
    if (waits && !request.done) transport.pause();
  }

  /** Begins an attempt; answers with an error when there will be no connection. */
  #startAttempt(avoid?: Endpoint, fresh = false): "ready" | "waiting" | "refused" {
    const pool = this.#to.pool as VersionPool;
    const started = this.#attempt.start(pool, this.#to.policy.connectTimeoutMs, avoid, fresh);
    if (started === "ready" || started === "waiting") return started;
    this.#answerError(started === "unavailable" ? "no-endpoint" : "overloaded");
    return "refused";
  }

  #retryAfter(cause: RetryCause | undefined): RetryDecision {
    if (cause === undefined) return "no";
    const reusedConnection = this.#attempt.connection?.reused === true;
    const { written, idempotent, replayable } = this.request;
    const attempt = { cause, written, idempotent, replayable, reusedConnection };
    return this.#retries.decide(attempt, this.#to.policy.retries, this.#to.live);
  }

  #retry(decision: "stale" | "policy"): void {
    const { endpoint } = this.#attempt;
    const pool = this.#to.pool as VersionPool;
    this.#attempt.drop();
    if (decision === "policy") this.#to.moveForRetry(pool);
    const started =
      decision === "policy" ? this.#startAttempt(endpoint) : this.#startAttempt(undefined, true);
    if (started === "ready") this.onReady(this.#attempt.connection as UpstreamConnection);
    else if (started === "waiting" && !this.request.done) this.#client.transport.pause();
  }

  /** Time is over: a slow client must not count against the endpoint. */
  #late(): void {
    const client = this.#client.transport;
    const begun = this.#answer.status !== 0;
    if (!(begun ? client.blocked : this.#waitsForClient)) return this.onFailure(FAILURES.late);
    this.#attempt.drop();
    return begun ? client.reset() : this.#refuse(REFUSALS["body-timeout"]);
  }

  /** The endpoint would take more of the request. */
  get #waitsForClient(): boolean {
    const { connection, ready } = this.#attempt;
    return ready && !this.request.done && connection?.transport.blocked === false;
  }

  #switch(bytes: Buffer, start: number, end: number): void {
    const { connection, response } = this.#attempt;
    const pool = this.#to.pool as VersionPool;
    if (connection === undefined || !isSwitchAskedFor(response.head, this.head)) {
      return this.onFailure(FAILURES.badUpgrade);
    }
    this.#to.attemptAnswered(response.head.status);
    pool.succeeded(connection.endpoint);
    const client = this.#client;
    const head = this.#answer.head(response.head, "as-sent", this.#to);
    if (head === undefined) return this.#filterFailed();
    client.transport.write(head);
    this.#attempt.leave();
    pool.inFlight += 1;
    const { wheel } = this.#deps;
    const idleTimeoutMs = this.#to.policy.tunnelIdleTimeoutMs;
    const frames = isWebSocket(this.head.upgrade) ? new TunnelFrames() : undefined;
    const deps = { client, connection, pool, wheel, idleTimeoutMs, frames };
    Tunnel.open({ ...deps, sinceMs: this.#startedMs }, bytes, start, end);
    return this.#end();
  }

  /** The body broke a rule, or is too large. What was sent of it upstream is not completed. */
  #refuseBody(): void {
    const refusal = this.request.scanner.refusal ?? REFUSALS["body-too-large"];
    this.#attempt.drop();
    this.#refuse(refusal);
  }

  #refuse(refusal: Refusal): void {
    this.#deps.rejected.add(refusal.reason);
    if (this.#answer.status !== 0) return this.#client.transport.destroy();
    this.#answer.refusal(refusal);
    return this.#end();
  }

  #answerOptions(): void {
    this.#answer.closes = this.#answer.mustClose(this.request.done);
    this.#answer.options();
    this.#end();
  }

  /** A filter that is to fail closed has, at a response of which nothing has gone out. */
  #filterFailed(): void {
    this.#attempt.drop();
    this.#answerError("filter-failed");
  }

  #answerError(error: ProxyError): void {
    this.#answer.closes ||= this.#answer.mustClose(this.request.done);
    this.#answer.error(error);
    this.#end();
  }

  /** The request's body moved, or is whole: then it is the endpoint's turn. */
  #requestMoved(): void {
    if (!this.request.done) this.#deadlines.moved(this.#deps.wheel.nowMs);
    else if (this.#answer.status === 0) this.#deadlines.still();
  }

  #end(): void {
    const durationMs = this.#deps.clock.nowMs() - this.#startedMs;
    this.#to.leave(this.#answer.status, durationMs, this.#retries.onBudget);
    this.#client.exchangeEnded(this.#answer.closes || !this.request.done);
  }
}
