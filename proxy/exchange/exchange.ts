import type { TimerWheel } from "../base/timer-wheel.ts";
import type { DecodedFields } from "../http1/decoded-head.ts";
import { REFUSED } from "../http1/limits.ts";
import { REFUSALS } from "../http1/refusal.ts";
import type { Refusal } from "../http1/refusal.ts";
import { RequestHead } from "../http1/request-head.ts";
import type { Peer } from "../transport/peer.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { VersionPool } from "../upstream/version-pool.ts";
import { Attempts } from "./attempts.ts";
import type { AttemptedExchange } from "./attempts.ts";
import { ClientAnswer } from "./client-answer.ts";
import { Deadlines } from "./deadlines.ts";
import type { ExchangeDeps } from "./deps.ts";
import { Destination, refusedAt } from "./destination.ts";
import { FAILURES } from "./failures.ts";
import type { Failure } from "./failures.ts";
import { RequestForwarder } from "./forward-request.ts";
import { NOBODY } from "./nobody.ts";
import type { ExchangeClient, ExchangeUpstream } from "./ports.ts";
import type { ProxyError } from "./respond.ts";

/** A time that is up, but for those that only the client's side knows: see Deadlines.passed(). */
type Late = "expired" | "stalled" | "unanswered";

/** What comes with the end of a request. */
const NOTHING = Buffer.alloc(0);

/**
 * One request with its response: the client's side of it, from the head to the end. The Destination
 * decides where it goes, the Attempts deal with endpoints. On loan to a client from the first byte
 * of a request to the last byte of its response, then reused.
 */
export class Exchange implements AttemptedExchange {
  readonly head = new RequestHead();
  readonly request: RequestForwarder;
  readonly to: Destination;
  readonly answer: ClientAnswer;
  readonly wheel: TimerWheel;
  /** When the request arrived, in monotonic ms: different for any two requests of one object. */
  sinceMs = 0;
  readonly #deps: ExchangeDeps;
  readonly #attempts: Attempts;
  readonly #deadlines = new Deadlines();
  #client: ExchangeClient;

  constructor(deps: ExchangeDeps, client: ExchangeClient) {
    this.#deps = deps;
    this.#client = client;
    this.wheel = deps.wheel;
    this.request = new RequestForwarder(this.head, deps.pseudonym, deps.buffered);
    this.to = new Destination(deps);
    this.answer = new ClientAnswer(deps, client, this);
    this.#attempts = new Attempts(client, this);
  }

  /** A new request begins on this connection. Nothing is left of the last one: see clear(). */
  lend(client: ExchangeClient): void {
    this.#client = client;
    this.answer.setClient(client);
    this.#attempts.setClient(client);
  }

  /** No longer on loan: it keeps nothing of its last client, request and answer. */
  clear(): void {
    this.lend(NOBODY);
    this.head.reset();
    this.request.clear();
    this.to.clear();
    this.answer.clear();
    this.#attempts.clear();
    this.#deadlines.clear();
  }

  /** The version that it is under way at. undefined: none. */
  get pool(): VersionPool | undefined {
    return this.to.pool;
  }

  /** Ends it for a reason that is not its own: half a response never passes for a whole one. */
  cut(error: ProxyError = "taken-away"): void {
    if (this.answer.status === 0) return this.#attempts.giveUp(error);
    this.#attempts.drop();
    return this.answer.endCall(error) ? this.end() : this.#client.stream.abort("cut");
  }

  /** bytes[start, end) follow the head. Returns where the request ends in them; it may be over. */
  begin(bytes: Buffer, start: number, end: number): number {
    const { head, request } = this;
    this.sinceMs = this.#deps.clock.nowMs();
    if (head.protectedNamesIgnored > 0) this.#deps.rejected.add("connection-name-protected");
    const live = this.to.find(head, this.#client, this.sinceMs);
    request.begin(this.to.tolerated);
    this.#deps.witness.tracer?.begin(this, this.#client.peer);
    const refusal = refusedAt(this.to, head) ?? misdirected(this.#client.peer, head);
    const bodyEnd = refusal === undefined ? request.scan(bytes, start, end) : REFUSED;
    if (bodyEnd === REFUSED) {
      this.#refuseBody(refusal);
      return end;
    }
    if (this.#client.denies(head)) this.#attempts.giveUp("intention-denied");
    else if (head.asteriskForm || head.maxForwards === 0) {
      this.answer.options();
      this.end();
    } else if (head.wasAt(this.#deps.pseudonym)) this.#attempts.giveUp("loop");
    else this.#route(live, bytes, start);
    return bodyEnd;
  }

  /** Finds out whether it may go to the service; the Attempts do the rest. */
  #route(live: LiveService | undefined, bytes: Buffer, start: number): void {
    const { head, request, to } = this;
    const client = this.#client;
    if (live === undefined) return this.#attempts.giveUp("no-service");
    if (request.exceeds(to.policy.maxBodyBytes)) return this.#refuseBody();
    request.setHead(client.peer, this.#deps.requestIds.next(), live.table);
    if (!this.answer.goesOn(to)) return this.end();
    const nowhere = to.enter(live, head, client.peer, client.bound?.pool);
    if (nowhere !== undefined) return this.#attempts.giveUp(nowhere);
    this.#deadlines.begin(to.policy, this.wheel.nowMs, to.grpc);
    if (to.grpc.deadlineMs !== Infinity) tellTimeLeft(this);
    this.requestMoved();
    if (this.#attempts.begin()) this.#pass(bytes, start);
    return undefined;
  }

  /** More of the request came. Returns where it ends in bytes[start, end). */
  onRequestBytes(bytes: Buffer, start: number, end: number): number {
    const { request } = this;
    const bodyEnd = request.scan(bytes, start, end);
    if (bodyEnd === REFUSED || request.exceeds(this.to.policy.maxBodyBytes)) {
      this.#refuseBody();
      return end;
    }
    this.requestMoved();
    this.#pass(bytes, start);
    return bodyEnd;
  }

  /** All of the request has come, of which only the client knows. */
  onRequestFinish(trailers: DecodedFields | undefined): void {
    this.request.finish(trailers);
    this.requestMoved();
    this.#pass(NOTHING, 0);
  }

  /** Passes on what was scanned of the request. */
  #pass(bytes: Buffer, start: number): void {
    this.request.pass(this.#attempts.upstream, this.#client.stream, bytes, start);
  }

  /**
   * The client sends no more. An incomplete request is never completed (RFC 9112 8). After a whole
   * one it may still read (9112 9.6) or be gone, which a FIN does not tell: writing to it will.
   */
  onClientEnd(): void {
    if (!this.request.done) return this.#client.stream.abort("left");
    if (this.answer.status !== 0) return undefined;
    this.#deadlines.halfClosed(this.wheel.nowMs, this.to.policy.halfCloseGraceMs);
    return this.#client.armAt(this.#deadlines.nextMs());
  }

  /** The client is gone: nobody waits for the answer. */
  onClientGone(): void {
    this.answer.note.left();
    this.#attempts.drop();
    this.end();
  }

  /** The client took what was written to it. */
  onClientTook(): void {
    if (this.answer.status !== 0) this.#deadlines.moved(this.wheel.nowMs);
    if (this.#attempts.response.catchesUp()) return this.end();
    return this.#attempts.upstream?.stream.resume();
  }

  /** The client connection's timer has fired. */
  onDeadline(nowMs: number): void {
    const passed = this.#deadlines.passed(nowMs);
    if (passed === undefined) return this.#client.armAt(this.#deadlines.nextMs());
    if (passed === "left") return this.#client.stream.abort("left");
    if (passed !== "overdue") return this.#late(passed);
    // The client of a call waits no longer, for which no endpoint is to blame.
    this.to.attemptEnded(this.#attempts.attempt.endpoint, "timeout");
    return this.cut("deadline-exceeded");
  }

  /** The request moved on; when all of it has, it is the endpoint's turn. */
  requestMoved(): void {
    const { done } = this.request;
    if (done && this.answer.status !== 0) return;
    const first = this.#deadlines.requestMoved(done, this.wheel.nowMs);
    if (first && done) this.#attempts.attempt.asked();
    if (first) this.#client.armAt(this.#deadlines.nextMs());
  }

  responseMoved(): void {
    if (this.#deadlines.moved(this.wheel.nowMs)) this.#client.armAt(this.#deadlines.nextMs());
  }

  end(): void {
    const durationMs = tellEnd(this, this.#client.peer, this.#deps);
    const { retries, attempt } = this.#attempts;
    const { status, note } = this.answer;
    this.to.leave(status, durationMs, retries.onBudget, attempt.endpoint, note.isTakenAway);
    this.#client.exchangeEnded(this.answer.closes || !this.request.done);
  }

  #late(passed: Late): void {
    const { blocked } = this.#client.stream;
    this.#deadlines.again();
    if (isEndpointsFault(passed, this, blocked, this.#attempts.upstream))
      return this.#attempts.fail(lateBy(passed));
    this.#attempts.drop();
    if (this.answer.status === 0) return this.#refuse(REFUSALS["body-timeout"]);
    if (this.answer.endCall("response-timeout")) return this.end();
    return this.#client.stream.abort(passed === "stalled" ? "unread" : "half");
  }

  /** The body broke a rule or is too large. The part that was sent upstream is not completed. */
  #refuseBody(refusal = this.request.scanner.refusal ?? REFUSALS["body-too-large"]): void {
    this.#attempts.drop();
    this.#refuse(refusal);
  }

  #refuse(refusal: Refusal): void {
    this.#deps.refusals.request(refusal, this.to.live?.name, this.#client.peer.address);
    this.answer.note.why = refusal.reason;
    if (this.answer.status !== 0) return this.#client.stream.abort("refused");
    this.answer.refusal(refusal, this.to);
    return this.end();
  }
}

/**
 * Neither slow clients nor our limit for what is coming count against who has answered. `blocked`:
 * it is the client that takes nothing.
 */
function isEndpointsFault(
  passed: Late,
  { answer, request }: Exchange,
  blocked: boolean,
  upstream: ExchangeUpstream | undefined,
): boolean {
  if (answer.status !== 0) return passed === "stalled" && !blocked;
  return request.done || !request.isTakenBy(upstream);
}

/** Only the time of one attempt may be another one's. */
function lateBy(passed: Late): Failure {
  return passed === "expired" ? FAILURES.expired : FAILURES.late;
}

/** Tells whoever hears of it, while it still counts at its version. How long it took, in ms. */
function tellEnd(exchange: Exchange, peer: Peer, { clock, witness }: ExchangeDeps): number {
  const durationMs = clock.nowMs() - exchange.sinceMs;
  witness.exchanges?.exchangeEnded(exchange, peer, durationMs);
  exchange.answer.note.trace?.ended(exchange, peer, durationMs);
  countFlow(exchange, durationMs);
  return durationMs;
}

/** What went through, and when the answer began. */
function countFlow({ to, request, answer, sinceMs }: Exchange, durationMs: number): void {
  const { status, note } = answer;
  const firstByteMs = note.beganMs === 0 ? durationMs : note.beganMs - sinceMs;
  const bytesIn = request.scanner.payloadBytes;
  to.pool?.counters.flow.ended(bytesIn, note.bodyBytes, status === 0 ? -1 : firstByteMs);
}

/** The endpoint hears how long the client waits by then. */
function tellTimeLeft({ to: { grpc }, request, wheel }: Exchange): void {
  request.outgoing.rewrite.timeoutLeft = () => grpc.timeoutLeft(wheel.readMs());
}

/** A request for a host that another certificate stands for (RFC 9110 section 15.5.20). */
function misdirected({ tls }: Peer, { host }: RequestHead): Refusal | undefined {
  if (tls === undefined || host === "" || tls.isFor(host)) return undefined;
  return REFUSALS["host-misdirected"];
}
