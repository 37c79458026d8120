import type { TimerWheel } from "../base/timer-wheel.ts";
import type { DecodedFields, DecodedResponse } from "../http1/decoded-head.ts";
import { MORE, REFUSED } from "../http1/limits.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { GrpcStatus } from "../grpc/status.ts";
import type { RetryCause } from "../table/snapshot.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { ConnectFailure } from "../upstream/connect-failure.ts";
import type { MessageUser } from "../upstream/upstream-connection.ts";
import type { Attempt } from "./attempt.ts";
import type { ClientAnswer } from "./client-answer.ts";
import { connectFailed, connectionClosed } from "./connection-failures.ts";
import type { Destination } from "./destination.ts";
import { FAILURES } from "./failures.ts";
import type { Failure } from "./failures.ts";
import type { RequestForwarder } from "./forward-request.ts";
import { HedgedAttempt } from "./hedged-attempt.ts";
import { Hold, mayBeHeld } from "./hold.ts";
import { ResponseForwarder } from "./forward-response.ts";
import type { ExchangeClient, ExchangeUpstream } from "./ports.ts";
import type { ProxyError } from "./respond.ts";
import { Retries } from "./retry.ts";
import type { RetryDecision } from "./retry.ts";
import { isFullOfTunnels } from "../upstream/version-pool.ts";
import { openTunnel } from "../tunnel/open-tunnel.ts";
import { tunnelAfter } from "./upgrade.ts";

/** What follows a head that came decoded. */
const NOTHING = Buffer.alloc(0);

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
  /** One of its times is up at `nowMs`. */
  onDeadline(nowMs: number): void;
}

/**
 * How a request gets from a version to an answer: try an endpoint, decide by what it says, and
 * perhaps try again. One object for each exchange, reused.
 */
export class Attempts implements MessageUser {
  readonly #exchange: AttemptedExchange;
  readonly attempt: HedgedAttempt;
  readonly response: ResponseForwarder;
  readonly retries = new Retries();
  readonly #hold: Hold;
  #client: ExchangeClient;

  constructor(client: ExchangeClient, exchange: AttemptedExchange) {
    this.#client = client;
    this.#exchange = exchange;
    this.attempt = new HedgedAttempt(client);
    this.response = new ResponseForwarder(client.stream, exchange);
    this.#hold = new Hold(exchange.wheel, {
      onRelease: () => this.#goOn(this.try()),
      onWaitedOut: () => this.giveUp("overloaded"),
    });
  }

  /** Who gets the next answer. */
  setClient(client: ExchangeClient): void {
    this.#client = client;
    this.response.setClient(client.stream);
    this.attempt.setClient(client);
  }

  /** The exchange is over, and nothing is left of what was tried. */
  clear(): void {
    this.response.clear();
    this.retries.clear();
    this.attempt.clear();
  }

  /** Where the request can be written to now. undefined: no connection is established. */
  get upstream(): ExchangeUpstream | undefined {
    return this.attempt.writable;
  }

  /** The first one, once nothing holds the request back. false: the client has its error. */
  begin(): boolean {
    const { to, request } = this.#exchange;
    return (mayBeHeld(to) && this.#hold.begins(to, request)) || this.try();
  }

  /** Tries one but for `avoid`; `fresh`: by a new connection. false: the client has its error. */
  try(avoid?: Endpoint, fresh = false): boolean {
    this.response.begin();
    const failure = this.attempt.begin(this, this.#exchange, avoid, fresh);
    if (failure !== undefined) this.giveUp(failure);
    else if (this.attempt.inLine) this.#hold.waits(this.attempt);
    return failure === undefined;
  }

  /** A final head or a 101 was read; bytes[start, end) follow it. */
  #decide(bytes: Buffer, start: number, end: number): void {
    const { to, answer, head: requestHead } = this.#exchange;
    const response = this.response;
    const { status } = response.head;
    if (status === 101) return this.#switch(bytes.subarray(start, end));
    // An application's own 408 is about one request and does not end the connection.
    if (status === 408 && isLeftover(this, this.#exchange, !response.head.keepAlive))
      return this.#again("stale", status);
    to.grpc.answered(response.head);
    judge(to, this.attempt, status);
    if (mayPass(this, this.#exchange, status)) return this.#again("policy", status);
    response.beginBody(requestHead);
    const text = answer.relayed(response.head, response.framing, response.endsByClose, to);
    if (text === undefined) return this.giveUp("filter-failed");
    return this.#pass(text, bytes, start, end);
  }

  /** It has failed: it is repeated, or the client told. `isReused`: see ExchangeUpstream. */
  fail(failure: Failure, isReused = this.attempt.isReused): void {
    if (failure === FAILURES.late && this.#hold.isWaiting) return this.giveUp("overloaded");
    const { to, answer, wheel } = this.#exchange;
    if (isTimeUp(failure, to, wheel)) return this.#exchange.onDeadline(to.grpc.deadlineMs);
    const begun = answer.status !== 0;
    const decision = begun ? "no" : mayRetry(this, this.#exchange, failure.cause, isReused);
    if (decision === "stale") return this.#again(decision, failure.error);
    to.attemptEnded(this.attempt.endpoint, failure.outcome);
    if (failure.outcome !== "local") this.attempt.judge(false);
    if (!begun && failure !== FAILURES.expired && this.attempt.takesOver()) return undefined;
    if (decision === "policy") return this.#again(decision, failure.error);
    if (!begun) return this.giveUp(failure.error);
    this.drop();
    if (answer.endCall(failure.error)) return this.#exchange.end();
    return this.#client.stream.abort("half");
  }

  #again(decision: "stale" | "policy", why: number | string): void {
    const { endpoint } = this.attempt;
    retrace(this.#exchange, endpoint, why);
    this.drop();
    if (decision === "policy") this.#exchange.to.moveForRetry(endpoint);
    this.#goOn(decision === "policy" ? this.try(endpoint) : this.try(undefined, true));
  }

  /** `isTried`: an attempt has begun that gets what has come of the request. */
  #goOn(isTried: boolean): void {
    if (!isTried) return;
    this.#exchange.requestMoved();
    this.#exchange.request.send(this.upstream, this.#client.stream);
  }

  /** No further attempt: the client is told why, and nothing has gone out to it yet. */
  giveUp(error: ProxyError): void {
    this.drop();
    this.#exchange.answer.error(error);
    this.#exchange.end();
  }

  /** Leaves the attempt under way, whose state is unknown. Nothing is called back. */
  drop(): void {
    this.#hold.end();
    this.attempt.drop(this);
  }

  onUpstreamReady(upstream: ExchangeUpstream): void {
    this.attempt.got(upstream);
    this.#goOn(true);
  }

  onUpstreamFailed(failure: ConnectFailure, endpoint: Endpoint | undefined): void {
    this.attempt.notBegun(endpoint, this.#exchange.request);
    this.fail(connectFailed(this.#exchange.to, failure, endpoint), failure === "stale");
  }

  onUpstreamData(bytes: Buffer, end: number): void {
    if (this.response.inBody) return this.#pass("", bytes, 0, end);
    const joined = this.response.join(bytes, end);
    return joined === undefined ? this.#read(bytes, end) : this.#read(joined, joined.length);
  }

  onUpstreamFlushed(): void {
    this.#exchange.requestMoved();
    if (!this.#exchange.request.done) this.#client.stream.resume();
  }

  /** The upstream sends no more: a body without another end has ended, or it is too early. */
  onUpstreamEnd(): void {
    return this.attempt.endsBody(this.response) ? this.#done(true) : this.fail(FAILURES.reset);
  }

  onUpstreamHead(head: DecodedResponse, isEnd: boolean): void {
    const taken = this.response.takeHead(head, isEnd);
    if (taken === REFUSED) return this.fail(FAILURES.invalid);
    return taken === MORE ? undefined : this.#decide(NOTHING, 0, 0);
  }

  onUpstreamBody(bytes: Buffer, start: number, end: number): void {
    this.#pass("", bytes, start, end);
  }

  onUpstreamFinish(trailers: DecodedFields | undefined): void {
    this.response.end(trailers);
    judgeEnd(this.#exchange.to, this.attempt, this.response.head.status, trailers);
    this.#done(true);
  }

  onUpstreamClosed(error: Error | undefined): void {
    this.fail(connectionClosed(this.#exchange.to, error, this.attempt.endpoint));
  }

  #read(bytes: Buffer, end: number): void {
    const bodyStart = this.response.readHead(bytes, end);
    if (bodyStart === MORE) return undefined;
    if (bodyStart !== REFUSED) return this.#decide(bytes, bodyStart, end);
    if (this.attempt.isReused) this.attempt.spoke(this.#exchange.wheel.nowMs);
    if (isLeftover(this, this.#exchange, false)) return this.#again("stale", "response-invalid");
    return this.fail(FAILURES.invalid);
  }

  /** Passes the response on from bytes[start] on; `head` goes before it. */
  #pass(head: string, bytes: Buffer, start: number, end: number): void {
    const stream = this.attempt.upstream?.stream;
    if (stream === undefined) return;
    const scanned = this.response.forward(stream, head, bytes, start, end);
    if (scanned === REFUSED) return this.fail(FAILURES.reset);
    if (this.response.scanner.done) return this.#done(scanned === end);
    if (this.response.blocked) stream.pause();
    return this.#exchange.responseMoved();
  }

  /** The response is complete. `clean`: nothing came after it. */
  #done(clean: boolean): void {
    if (!clean) this.attempt.spoke(this.#exchange.wheel.nowMs);
    this.response.finish(this.attempt.upstream?.stream);
    const isFit = clean && this.response.keepsConnection && this.#exchange.request.done;
    if (isFit) this.attempt.release(this.response.head, this.#exchange.head);
    else this.drop();
    if (!this.response.isBehind) this.#exchange.end();
  }

  #switch(rest: Buffer): void {
    const { head } = this.response;
    const refused = openedTunnel(this.#exchange, this.#client, this.attempt, { head, rest });
    if (refused === undefined) return this.#exchange.end();
    return refused === "upgrade-invalid" ? this.fail(FAILURES.badUpgrade) : this.giveUp(refused);
  }
}

/** Makes a tunnel of both connections after a 101. Returns why there is none. */
function openedTunnel(
  exchange: AttemptedExchange,
  client: ExchangeClient,
  attempt: Attempt,
  { head, rest }: { readonly head: ResponseHead; readonly rest: Buffer },
): ProxyError | undefined {
  const { to, answer } = exchange;
  const upgrade = tunnelAfter(exchange, client, attempt.upstream, head);
  if (upgrade === undefined) return "upgrade-invalid";
  if (to.pool !== undefined && isFullOfTunnels(to.pool)) return "overloaded";
  to.attemptAnswered(head.status);
  attempt.judge(true);
  const text = answer.relayed(head, "as-sent", false, to);
  if (text === undefined) return "filter-failed";
  client.stream.send(text, "");
  attempt.handOver();
  openTunnel(upgrade, rest);
  return undefined;
}

/** What is sent again is another span of its trace. */
function retrace(
  { request, to, answer: { note } }: AttemptedExchange,
  endpoint: Endpoint | undefined,
  why: number | string,
): void {
  const { trace } = note;
  if (trace === undefined) return;
  const { parent } = trace;
  trace.triedInVain({ endpoint, version: to.pool?.version ?? "", why });
  request.outgoing.retrace(parent, trace.parent);
}

/** See Retries.decide(). */
function mayRetry(
  { retries, attempt }: Attempts,
  { request, to }: AttemptedExchange,
  cause: RetryCause | undefined,
  isReused = attempt.isReused,
): RetryDecision {
  return retries.decide(cause, request, isReused, to);
}

/** Whether the endpoint may give another answer than this one, and is asked again. */
function mayPass(attempts: Attempts, exchange: AttemptedExchange, status: number): boolean {
  const cause = passing(status, exchange.to.grpc.status);
  return cause !== undefined && mayRetry(attempts, exchange, cause) !== "no";
}

/** See Retries.replacesLeftover(). */
function isLeftover(
  { retries, attempt }: Attempts,
  { request }: AttemptedExchange,
  isUntaken: boolean,
): boolean {
  return retries.replacesLeftover(request, attempt.isReused, isUntaken);
}

/** Endpoints keep the time of a call too: whether this is how one has ended it. */
function isTimeUp(failure: Failure, { grpc }: Destination, wheel: TimerWheel): boolean {
  return failure === FAILURES.reset && grpc.isDue(wheel.readMs());
}

/** Why an answer may be another one next time. undefined: it may not. */
function passing(status: number, call: GrpcStatus | undefined): RetryCause | undefined {
  if (call === "UNAVAILABLE") return "grpc-unavailable";
  return status === 503 ? "503" : undefined;
}

/** Counts an answer, unless it is a call's that only its end says more of. */
function judge(to: Destination, attempt: Attempt, status: number): void {
  to.attemptAnswered(status);
  attempt.settle();
  const isWell = to.grpc.countedAs(status) < 500;
  if (to.grpc.isOpenAt(status)) attempt.lasted(isWell);
  else attempt.judge(isWell);
}

/** As judge(), when a call has ended with these trailers. */
function judgeEnd(
  to: Destination,
  attempt: Attempt,
  status: number,
  trailers: DecodedFields | undefined,
): void {
  if (to.grpc.endedWith(trailers)) judge(to, attempt, status);
}
