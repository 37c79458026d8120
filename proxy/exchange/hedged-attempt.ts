import { ExactTimer } from "../base/exact-timer.ts";
import type { DecodedFields, DecodedResponse } from "../http1/decoded-head.ts";
import type { ConnectFailure } from "../upstream/connect-failure.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { MessageUser } from "../upstream/upstream-connection.ts";
import { Attempt } from "./attempt.ts";
import type { Attempted } from "./attempt.ts";
import { FAILURES } from "./failures.ts";
import { HEDGE_LOST } from "./witness.ts";
import type { ExchangeUpstream, UpstreamPool } from "./ports.ts";
import type { ProxyError } from "./respond.ts";

/** What is tried, perhaps twice at once. */
type TwiceAttempted = Attempted & {
  readonly request: {
    /** All of it is there, and may be sent again. */
    readonly mayRepeat: boolean;
    /** Sends all of it there too. */
    copyTo(upstream: ExchangeUpstream): void;
  };
  readonly answer: { counted(word: string): void };
  /** It is the endpoint's turn, from now on. */
  requestMoved(): void;
};

/** Whose attempts they are. */
type HedgedUser = MessageUser & {
  /** What reads the answer. */
  readonly response: { begin(): void };
};

/** A hedge under way. */
type Hedge = {
  readonly upstream: ExchangeUpstream;
  readonly pool: UpstreamPool;
  readonly live: LiveService;
};

/**
 * An attempt that is doubled at another endpoint when its answer takes longer than most: whoever
 * answers first is the attempt from then on (Dean and Barroso, "The tail at scale", 2013). Only
 * what may be sent twice is, within the budget of retries, and never where endpoints are short.
 */
export class HedgedAttempt extends Attempt implements MessageUser {
  readonly #timer = new ExactTimer(() => this.#hedge());
  #user: HedgedUser | undefined;
  #attempted: TwiceAttempted | undefined;
  #second: Hedge | undefined;
  /** What comes for the second is the user's own now. */
  #isTaken = false;

  override clear(): void {
    this.settle();
    this.#user = undefined;
    this.#attempted = undefined;
    super.clear();
  }

  override begin(
    user: HedgedUser,
    attempted: TwiceAttempted,
    avoid: Endpoint | undefined,
    fresh: boolean,
  ): ProxyError | undefined {
    const { policy, pool } = attempted.to;
    const failure = super.begin(user, attempted, avoid, fresh);
    if (policy.hedge === undefined || failure !== undefined || avoid !== undefined || fresh) {
      return failure;
    }
    const afterMs = policy.hedge.afterMs ?? pool?.slowMs;
    if (afterMs === undefined || !attempted.request.idempotent) return undefined;
    if (this.#isAtItsPlace(attempted)) return undefined;
    this.#user = user;
    this.#attempted = attempted;
    this.#timer.arm(Math.max(1, Math.ceil(afterMs)));
    return undefined;
  }

  /** Whether no other endpoint knows this client: its key, or its connection, leads to this one. */
  #isAtItsPlace({ to: { affinity } }: Attempted): boolean {
    return this.isBound || affinity.endpointPlace !== undefined;
  }

  /** The first has failed before it answered: the second goes on alone. false: there is none. */
  takesOver(): boolean {
    if (this.#second === undefined) return false;
    this.#take();
    // It gets the time of an attempt, as nothing else ends it.
    this.#attempted?.requestMoved();
    return true;
  }

  override settle(): void {
    if (this.#user === undefined) return;
    this.#timer.disarm();
    this.#leave();
  }

  override drop(user: MessageUser): void {
    this.settle();
    super.drop(user);
  }

  #hedge(): void {
    const attempted = this.#attempted;
    if (attempted === undefined || this.inLine || !attempted.request.mayRepeat) return;
    const { live, pool, policy } = attempted.to;
    const { budgetPercent, budgetMin } = policy.retries;
    if (live === undefined || pool === undefined || pool.usableCount < 2) return;
    // What tries an endpoint must learn how that is, or it would never be used again.
    if (this.endpoint?.trial === "under way") return;
    if (!live.mayRetry(budgetPercent, budgetMin)) return;
    this.#isTaken = false;
    const upstream = pool.acquire(this, policy.connectTimeoutMs, this.endpoint, "any");
    if (upstream === "waiting") return pool.cancel(this);
    if (typeof upstream === "string") return;
    live.retrying += 1;
    this.#second = { upstream, pool, live };
    attempted.answer.counted("hedge:sent");
    if (upstream.ready) this.#copy(attempted, upstream);
  }

  /** The second is another span than the first, where they are traced. */
  #copy({ request, answer }: TwiceAttempted, upstream: ExchangeUpstream): void {
    const { trace } = answer.note;
    if (trace === undefined) return request.copyTo(upstream);
    const [first, second] = [trace.parent, trace.hedged()];
    request.outgoing.retrace(first, second);
    request.copyTo(upstream);
    return request.outgoing.retrace(second, first);
  }

  /** The second is the attempt from now on, and the first is dropped. */
  #take(): void {
    const lost = this.endpoint;
    const { upstream, pool } = this.#forget() ?? {};
    if (upstream === undefined || pool === undefined || this.#user === undefined) return;
    this.#tell(true, lost);
    super.drop(this.#user);
    this.replace(pool, upstream);
    this.#isTaken = true;
    this.#attempted?.answer.counted("hedge:won");
    this.#user.response.begin();
  }

  /** Which of both is over, where they are traced. `endpoint`: its own. */
  #tell(isWon: boolean, endpoint: Endpoint | undefined, why: string = HEDGE_LOST): void {
    const { request, answer, to } = this.#attempted ?? {};
    const trace = answer?.note.trace;
    if (trace === undefined) return;
    const { parent } = trace;
    trace.hedgeEnded(isWon, { endpoint, version: to?.pool?.version ?? "", why });
    request?.outgoing.retrace(parent, trace.parent);
  }

  #leave(): void {
    if (this.#second !== undefined) this.#tell(false, this.#second.upstream.endpoint);
    const second = this.#forget();
    second?.pool.discard(second.upstream);
  }

  #forget(): Hedge | undefined {
    const second = this.#second;
    this.#second = undefined;
    if (second !== undefined) second.live.retrying -= 1;
    return second;
  }

  onUpstreamReady(upstream: ExchangeUpstream): void {
    if (this.#isTaken) this.#user?.onUpstreamReady(upstream);
    else if (this.#attempted !== undefined) this.#copy(this.#attempted, upstream);
  }

  onUpstreamFailed(failure: ConnectFailure, endpoint: Endpoint | undefined): void {
    if (this.#isTaken) return this.#user?.onUpstreamFailed(failure, endpoint);
    this.#tell(false, endpoint, (failure === "stale" ? FAILURES.reset : FAILURES[failure]).error);
    const second = this.#forget();
    if (endpoint !== undefined) second?.pool.failed(endpoint);
    return undefined;
  }

  onUpstreamData(bytes: Buffer, end: number): void {
    if (!this.#isTaken) this.#take();
    this.#user?.onUpstreamData(bytes, end);
  }

  onUpstreamHead(response: DecodedResponse, isEnd: boolean): void {
    if (!this.#isTaken) this.#take();
    this.#user?.onUpstreamHead(response, isEnd);
  }

  onUpstreamBody(bytes: Buffer, start: number, end: number): void {
    this.#user?.onUpstreamBody(bytes, start, end);
  }

  onUpstreamFinish(trailers: DecodedFields | undefined): void {
    this.#user?.onUpstreamFinish(trailers);
  }

  onUpstreamFlushed(): void {
    if (this.#isTaken) this.#user?.onUpstreamFlushed();
  }

  onUpstreamEnd(): void {
    if (this.#isTaken) this.#user?.onUpstreamEnd();
    else this.#fails();
  }

  onUpstreamClosed(error: Error | undefined): void {
    if (this.#isTaken) return this.#user?.onUpstreamClosed(error);
    this.#tell(false, this.#second?.upstream.endpoint, FAILURES.reset.error);
    const second = this.#forget();
    return second?.pool.failed(second.upstream.endpoint);
  }

  /** The second has ended before it answered. */
  #fails(): void {
    this.#tell(false, this.#second?.upstream.endpoint, FAILURES.reset.error);
    const second = this.#forget();
    second?.pool.failed(second.upstream.endpoint);
    second?.pool.discard(second.upstream);
  }
}
