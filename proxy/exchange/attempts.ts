import type { TimerWheel } from "../base/timer-wheel.ts";
import { MORE, REFUSED } from "../http1/limits.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { RetryCause } from "../table/snapshot.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { ConnectFailure, UpstreamUser } from "../upstream/upstream-connection.ts";
import type { ClientAnswer } from "./client-answer.ts";
import type { Destination } from "./destination.ts";
import { FAILURES } from "./failures.ts";
import type { Failure } from "./failures.ts";
import type { RequestForwarder } from "./forward-request.ts";
import { ResponseForwarder } from "./forward-response.ts";
import type { ExchangeClient, ExchangeStream, ExchangeUpstream, UpstreamPool } from "./ports.ts";
import type { ProxyError } from "./respond.ts";
import { Retries } from "./retry.ts";
import type { RetryDecision } from "./retry.ts";
import { openTunnel } from "../tunnel/open-tunnel.ts";
import { tunnelAfter } from "./upgrade.ts";
import { upstreamIdleMs } from "./upstream-idle.ts";

/** The exchange that the attempts belong to. */
export interface AttemptedExchange {
  readonly head: RequestHead;
  readonly request: RequestForwarder;
  readonly to: Destination;
  readonly answer: ClientAnswer;
  readonly wheel: TimerWheel;
  /** When the request arrived, in monotonic milliseconds. */
  readonly sinceMs: number;
  /** A piece of the request went upstream, or the whole has got another connection. */
  requestMoved(): void;
  /** A piece of the response went to the client. */
  responseMoved(): void;
  /** The client has its answer, or will not get one. */
  end(): void;
}

/**
 * How a request gets from a version to an answer: try an endpoint, decide by what it says, and
 * perhaps try again. One object for each exchange, reused.
 */
export class Attempts implements UpstreamUser {
  readonly #exchange: AttemptedExchange;
  readonly #attempt = new Attempt();
  readonly #response: ResponseForwarder;
  readonly #retries = new Retries();
  #client: ExchangeClient;

  constructor(client: ExchangeClient, exchange: AttemptedExchange) {
    this.#client = client;
    this.#exchange = exchange;
    this.#response = new ResponseForwarder(client.transport);
  }

  /** Before a new request of this client. */
  lend(client: ExchangeClient): void {
    this.#client = client;
    this.#response.setClient(client.transport);
    this.#retries.clear();
    this.#attempt.clear();
  }

  /** The exchange is being or was retried by policy, so it counts against the budget. */
  get onBudget(): boolean {
    return this.#retries.onBudget;
  }

  /** Where the request can be written to now. undefined: no connection is established. */
  get upstream(): ExchangeStream | undefined {
    const { upstream } = this.#attempt;
    return upstream?.ready === true ? upstream.transport : undefined;
  }

  /** The client took what was written to it, so there is room for more. */
  resume(): void {
    this.#attempt.upstream?.transport.resume();
  }

  /** Chooses a version of the service. false: there is none, and the client has been told. */
  choose(live: LiveService): boolean {
    const { to, head } = this.#exchange;
    const error = to.enter(live, head, this.#client.peer.address);
    if (error !== undefined) this.giveUp(error);
    return error === undefined;
  }

  /**
   * Tries an endpoint of that version. false: there is none, and the client has been told. `avoid`:
   * the one that has just failed. `fresh`: on a connection that nobody has used before.
   */
  try(avoid?: Endpoint, fresh = false): boolean {
    this.#response.begin();
    const failure = this.#attempt.begin(this, this.#exchange.to, avoid, fresh);
    if (failure !== undefined) this.giveUp(failure);
    return failure === undefined;
  }

  /** A final head or a 101 was read; bytes[start, end) follow it. */
  #decide(bytes: Buffer, start: number, end: number): void {
    const { to, answer, head: requestHead } = this.#exchange;
    const response = this.#response;
    const { status } = response.head;
    if (status === 101) return this.#switch(bytes.subarray(start, end));
    to.attemptAnswered(status);
    this.#attempt.judge(status < 500);
    if (status === 503 && this.#mayRetry("503") !== "no") return this.#again("policy");
    response.beginBody(requestHead);
    const text = answer.relayed(response.head, response.framing, response.endsByClose, to);
    if (text === undefined) return this.giveUp("filter-failed");
    return this.#pass(text, bytes, start, end);
  }

  /** The attempt under way has failed: it is repeated, or the client hears of it. */
  fail(failure: Failure): void {
    if (failure === FAILURES.late && this.#attempt.inLine) return this.giveUp("overloaded");
    const { to, answer } = this.#exchange;
    const begun = answer.status !== 0;
    const decision = begun ? "no" : this.#mayRetry(failure.cause);
    if (decision === "stale") return this.#again(decision);
    to.attemptEnded(failure.outcome);
    if (failure.outcome !== "local") this.#attempt.judge(false);
    if (decision === "policy") return this.#again(decision);
    if (!begun) return this.giveUp(failure.error);
    this.drop();
    // Half a body must not pass for a whole one, not even if a FIN would end it.
    return this.#client.transport.reset();
  }

  #mayRetry(cause: RetryCause | undefined): RetryDecision {
    const { request, to } = this.#exchange;
    return this.#retries.decide(cause, request, this.#attempt.upstream?.reused === true, to);
  }

  #again(decision: "stale" | "policy"): void {
    const { endpoint } = this.#attempt;
    this.drop();
    if (decision === "policy") this.#exchange.to.moveForRetry();
    const goesOn = decision === "policy" ? this.try(endpoint) : this.try(undefined, true);
    if (!goesOn) return;
    this.#exchange.requestMoved();
    this.#exchange.request.send(this.upstream, this.#client.transport);
  }

  /** No further attempt: the client is told why, and nothing has gone out to it yet. */
  giveUp(error: ProxyError): void {
    this.drop();
    this.#exchange.answer.error(error);
    this.#exchange.end();
  }

  /** Leaves the attempt under way, whose state is unknown. Nothing is called back. */
  drop(): void {
    this.#attempt.drop(this);
  }

  onUpstreamReady(upstream: ExchangeUpstream): void {
    this.#attempt.got(upstream);
    this.#exchange.requestMoved();
    this.#exchange.request.send(upstream.transport, this.#client.transport);
  }

  onUpstreamFailed(failure: ConnectFailure, endpoint: Endpoint | undefined): void {
    this.#attempt.endpoint = endpoint;
    this.fail(FAILURES[failure === "timeout" ? "connectTimeout" : failure]);
  }

  onUpstreamData(bytes: Buffer, end: number): void {
    if (this.#response.inBody) return this.#pass("", bytes, 0, end);
    const joined = this.#response.join(bytes, end);
    return joined === undefined ? this.#read(bytes, end) : this.#read(joined, joined.length);
  }

  onUpstreamFlushed(): void {
    this.#exchange.requestMoved();
    if (!this.#exchange.request.done) this.#client.transport.resume();
  }

  /** The upstream sends no more: a close-delimited body has ended, or it is too early. */
  onUpstreamEnd(): void {
    if (!this.#response.endsWithConnection) return this.fail(FAILURES.reset);
    this.#response.finish();
    return this.#done(false);
  }

  onUpstreamClosed(): void {
    this.fail(FAILURES.reset);
  }

  #read(bytes: Buffer, end: number): void {
    const { head } = this.#response;
    for (let start = 0; start < end;) {
      const length = head.parse(bytes, start, end);
      if (length === MORE) return this.#response.holdHead(bytes, start, end);
      if (length === REFUSED) return this.fail(FAILURES.invalid);
      start += length;
      if (head.status >= 200 || head.status === 101) return this.#decide(bytes, start, end);
      if (!this.#response.takesInterim()) return this.fail(FAILURES.invalid);
      this.#exchange.answer.interim(head, this.#exchange.to);
      this.#response.beginHead();
    }
    return undefined;
  }

  /** Passes the response on from bytes[start] on; `head` goes before it. */
  #pass(head: string, bytes: Buffer, start: number, end: number): void {
    const transport = this.#attempt.upstream?.transport;
    if (transport === undefined) return;
    const scanned = this.#response.forward(transport, head, bytes, start, end);
    if (scanned === REFUSED) return this.fail(FAILURES.reset);
    if (this.#response.scanner.done) return this.#done(scanned === end);
    if (this.#client.transport.blocked) transport.pause();
    return this.#exchange.responseMoved();
  }

  /**
   * The response is complete. `clean`: nothing came after it, and the connection can serve another.
   */
  #done(clean: boolean): void {
    this.#attempt.upstream?.transport.releaseBuffer(!this.#client.transport.blocked);
    const { head, keepsConnection } = this.#response;
    if (clean && keepsConnection && this.#exchange.request.done) this.#attempt.release(head);
    else this.drop();
    this.#exchange.end();
  }

  #switch(rest: Buffer): void {
    const { to, answer } = this.#exchange;
    const { head } = this.#response;
    const upgrade = tunnelAfter(this.#exchange, this.#client, this.#attempt.upstream, head);
    if (upgrade === undefined) return this.fail(FAILURES.badUpgrade);
    to.attemptAnswered(head.status);
    this.#attempt.judge(true);
    const text = answer.relayed(head, "as-sent", false, to);
    if (text === undefined) return this.giveUp("filter-failed");
    this.#client.transport.write(text);
    this.#attempt.clear();
    openTunnel(upgrade, rest);
    return this.#exchange.end();
  }
}

/** The attempt under way: what it got from which pool. One object for each exchange, reused. */
class Attempt {
  #pool: UpstreamPool | undefined;
  /** undefined: none yet, or no more. */
  upstream: ExchangeUpstream | undefined;
  /** The endpoint that is tried. undefined: none yet. */
  endpoint: Endpoint | undefined;

  clear(): void {
    this.#pool = undefined;
    this.upstream = undefined;
  }

  /** The pool has all its connections in use, and has put it into its waiting line. */
  get inLine(): boolean {
    return this.#pool !== undefined && this.endpoint === undefined;
  }

  /**
   * Begins at the destination's pool. It may have to wait; then onUpstreamReady or onUpstreamFailed
   * follows. Returns the reason if there will be no connection.
   */
  begin(
    user: UpstreamUser,
    { pool, policy }: Destination,
    avoid: Endpoint | undefined,
    fresh: boolean,
  ): ProxyError | undefined {
    this.#pool = pool;
    this.upstream = undefined;
    this.endpoint = undefined;
    const got = pool?.acquire(user, policy.connectTimeoutMs, avoid, fresh) ?? "unavailable";
    if (typeof got !== "string") this.got(got);
    if (got !== "unavailable" && got !== "overloaded") return undefined;
    this.#pool = undefined;
    return got === "unavailable" ? "no-endpoint" : got;
  }

  got(upstream: ExchangeUpstream): void {
    this.upstream = upstream;
    this.endpoint = upstream.endpoint;
  }

  /** It went well at the endpoint, or badly. */
  judge(isWell: boolean): void {
    if (this.endpoint === undefined) return;
    if (isWell) this.#pool?.succeeded(this.endpoint);
    else this.#pool?.failed(this.endpoint);
  }

  /** A connection in use is destroyed, since its state is unknown. */
  drop(user: UpstreamUser): void {
    const { upstream } = this;
    this.upstream = undefined;
    if (upstream === undefined) this.#pool?.cancel(user);
    else this.#pool?.discard(upstream);
  }

  /** The connection is in order and can serve the next exchange. */
  release(head: ResponseHead): void {
    const { upstream } = this;
    this.upstream = undefined;
    if (upstream === undefined) return;
    if (!upstream.reused) upstream.idleMs = upstreamIdleMs(head.header("keep-alive"));
    this.#pool?.release(upstream);
  }
}
