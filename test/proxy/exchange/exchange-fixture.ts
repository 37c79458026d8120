import { onTestFinished } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { HttpDate } from "../../../proxy/base/http-date.ts";
import type { ExchangeDeps } from "../../../proxy/exchange/deps.ts";
import { Destination } from "../../../proxy/exchange/destination.ts";
import { Exchange } from "../../../proxy/exchange/exchange.ts";
import type { ExchangeClient, RequestSink, ResponseSink } from "../../../proxy/exchange/ports.ts";
import type { ExchangeUpstream } from "../../../proxy/exchange/ports.ts";
import { Refusals } from "../../../proxy/exchange/refusals.ts";
import { RequestIds } from "../../../proxy/exchange/request-ids.ts";
import { Witnesses } from "../../../proxy/exchange/witness.ts";
import { interimHeadForClient } from "../../../proxy/http1/rewrite-response.ts";
import type { DecodedFields, DecodedRequest } from "../../../proxy/http1/decoded-head.ts";
import type { OutgoingRequest } from "../../../proxy/http1/outgoing-request.ts";
import type { OutgoingResponse } from "../../../proxy/http1/outgoing-response.ts";
import { answerText } from "../../../proxy/http1/own-answer.ts";
import type { OwnAnswer } from "../../../proxy/http1/own-answer.ts";
import type { ResponseHead } from "../../../proxy/http1/response-head.ts";
import type { ViaLines } from "../../../proxy/http1/rewrite-response.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { BufferBudget } from "../../../proxy/exchange/buffer-budget.ts";
import { Mirrors } from "../../../proxy/exchange/mirrors.ts";
import { LocalReplies } from "../../../proxy/metrics/local-replies.ts";
import { ServiceCounts } from "../../../proxy/metrics/service-counts.ts";
import { RejectCounters } from "../../../proxy/metrics/reject-counters.ts";
import type { ServiceTable } from "../../../proxy/table/service-table.ts";
import type { ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import { LiveService } from "../../../proxy/upstream/live-service.ts";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import type { MessageUser } from "../../../proxy/upstream/upstream-connection.ts";
import type { NoConnection, PoolDeps } from "../../../proxy/upstream/pool-policy.ts";
import { serviceTable } from "../table/service-fixture.ts";
import { poolDeps } from "../upstream/pool-fixture.ts";

const NOTHING = Buffer.alloc(0);

/** One side of an exchange: keeps what is written, and what was done to it, in order. */
export class FakeStream implements RequestSink, ResponseSink {
  text = "";
  blocked = false;
  /** A message of gRPC is under way. */
  isInside = false;
  endIsProven = true;
  readonly takesChunks: boolean;
  readonly done: string[] = [];
  /** The trailers of each message that has ended. */
  readonly finished: string[] = [];

  constructor(takesChunks = true) {
    this.takesChunks = takesChunks;
  }

  encode(head: OutgoingRequest | OutgoingResponse): string {
    return head.text();
  }

  interim(head: ResponseHead, via: ViaLines): void {
    this.text += interimHeadForClient(head, via);
  }

  answer(answer: OwnAnswer): void {
    this.text += answerText(answer);
  }

  abort(reason: string): void {
    this.done.push(reason);
  }

  send(head: string, body: string): void {
    this.text += head + body;
  }

  relay(_source: unknown, head: string, bytes: Buffer, start: number, end: number): void {
    this.text += head + bytes.toString("latin1", start, end);
  }

  keep(bytes: Buffer, start: number, end: number): Buffer {
    return Buffer.from(bytes.subarray(start, end));
  }

  releaseBuffer(): void {
    // Its bytes are the test's own.
  }

  readonly finish = (trailers: string): void => void this.finished.push(trailers);

  finishCall(trailers: string): boolean {
    if (!this.isInside) this.finish(trailers);
    return !this.isInside;
  }

  readonly pause = (): void => void this.done.push("pause");
  readonly resume = (): void => void this.done.push("resume");
}

/** A client of this service, trusted in nothing, except for what a test is about. */
export function exchangeClient(
  live: LiveService,
  deps: Partial<ExchangeClient> = {},
): ExchangeClient {
  return {
    stream: new FakeStream(),
    peer: { address: "192.0.2.1", trusted: false },
    tunnelEnd: undefined,
    bound: undefined,
    mayBind: true,
    draining: false,
    serviceFor: (host) => (host === "web" ? live : undefined),
    denies: () => false,
    followPolicy: () => undefined,
    armAt: () => undefined,
    exchangeEnded: () => undefined,
    ...deps,
  };
}

/** What exchanges share, beside what pools share. */
export function exchangeDeps(deps: PoolDeps = poolDeps()): ExchangeDeps {
  const rejected = new RejectCounters();
  return {
    ...deps,
    clock: systemClock,
    date: new HttpDate(systemClock),
    rejected,
    refusals: new Refusals(
      deps.wheel,
      jsonLog(() => undefined, Date.now),
      rejected,
    ),
    localReplies: new LocalReplies(),
    policyCounts: new ServiceCounts(),
    buffered: new BufferBudget(),
    mirrors: new Mirrors(),
    requestIds: new RequestIds("id-"),
    witness: new Witnesses(),
    pseudonym: "sluice-test",
  };
}

/** A service that lives as long as the test. */
export function liveService(table: ServiceTable): LiveService {
  const live = new LiveService(table, poolDeps());
  onTestFinished(() => live.close());
  return live;
}

/** Where nothing goes yet. */
export function destination(): Destination {
  return new Destination(exchangeDeps());
}

/** The head of a request; the text has all of it, with its empty line. */
export function requestHead(text: string): RequestHead {
  const bytes = Buffer.from(text, "latin1");
  const head = new RequestHead();
  head.reset();
  if (head.parse(bytes, 0, bytes.length) > 0) return head;
  throw new Error(`Refused: ${head.refusal?.reason ?? "it is not whole"}`);
}

/** What an exchange is tried with: a client, and a pool that gives what the test says. */
export class ExchangeBed {
  readonly client = new FakeStream();
  readonly live: LiveService;
  /** What the pool heard, in order: `acquire`, `release`, `discard`, `well`, `bad` … */
  readonly pool: string[] = [];
  /** What acquire() answers, one after the other. */
  readonly answers: (ExchangeUpstream | NoConnection)[] = [];
  /** How the exchange ended: `close` or `keep`. */
  readonly ended: string[] = [];
  /** When the exchange wants to hear of the time. Infinity: never. */
  armedMs = Infinity;
  user: MessageUser | undefined;
  readonly replies = new LocalReplies();
  readonly policyCounts = new ServiceCounts();
  readonly witness = new Witnesses();
  readonly mirrors = new Mirrors();
  readonly #exchange: Exchange;
  readonly #client: ExchangeClient;
  readonly #peer = { address: "192.0.2.1", trusted: false };

  constructor(service: Partial<ServiceSnapshot> = {}) {
    const deps = poolDeps();
    this.live = new LiveService(serviceTable({ v1: 1 }, service), deps);
    onTestFinished(() => this.live.close());
    this.#fakePool();
    this.#client = exchangeClient(this.live, {
      stream: this.client,
      peer: this.#peer,
      armAt: (deadlineMs) => void (this.armedMs = deadlineMs),
      exchangeEnded: (close) => void this.ended.push(close ? "close" : "keep"),
    });
    const { replies: localReplies, policyCounts, witness, mirrors } = this;
    const all = { ...exchangeDeps(deps), localReplies, policyCounts, witness, mirrors };
    this.#exchange = new Exchange(all, this.#client);
    this.#exchange.lend(this.#client);
  }

  /** Whether what the client says of itself is believed from now on. */
  set trusts(isTrusted: boolean) {
    this.#peer.trusted = isTrusted;
  }

  get endpoint(): Endpoint {
    return [...(this.live.pools[0]?.endpoints.values() ?? [])][0] as Endpoint;
  }

  /** A connection to the endpoint that stands. */
  upstream(stream: FakeStream, reused = false): ExchangeUpstream {
    const { endpoint } = this;
    return {
      endpoint,
      stream,
      tunnelEnd: undefined,
      ready: true,
      gone: false,
      reused,
      toldIdleMs: 0,
    };
  }

  /** The client sends this; its head has to be whole. */
  request(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    const start = this.#exchange.head.parse(bytes, 0, bytes.length);
    this.#exchange.begin(bytes, start, bytes.length);
  }

  /** The exchange is lent again, and the client sends this as above. */
  again(text: string): void {
    this.#exchange.clear();
    this.#exchange.lend(this.#client);
    this.request(text);
  }

  /** More of the request comes. */
  more(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.#exchange.onRequestBytes(bytes, 0, bytes.length);
  }

  /** The client sends a head that is decoded, then perhaps more(), and at last finish(). */
  begin(request: DecodedRequest, isEnd: boolean): void {
    if (this.#exchange.head.fill(request, isEnd, "")) this.#exchange.begin(NOTHING, 0, 0);
  }

  finish(trailers?: DecodedFields): void {
    this.#exchange.onRequestFinish(trailers);
  }

  /** The client has taken everything. */
  took(): void {
    this.#exchange.onClientTook();
  }

  leave(): void {
    this.#exchange.onClientGone();
  }

  /** So much time has passed, and its timer has fired. */
  after(forMs: number): void {
    this.armedMs = Infinity;
    this.#exchange.onDeadline(this.#exchange.wheel.nowMs + forMs);
  }

  /** It is ended because it should not be where it is. */
  cut(): void {
    this.#exchange.cut();
  }

  /** The endpoint sends this. */
  respond(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.user?.onUpstreamData(bytes, bytes.length);
  }

  #fakePool(): void {
    const acquire = (user: MessageUser): ExchangeUpstream | NoConnection => {
      this.user = user;
      this.pool.push("acquire");
      return this.answers.shift() ?? "unavailable";
    };
    const note = (what: string) => (): void => void this.pool.push(what);
    Object.assign(this.live.pools[0] as object, {
      acquire,
      cancel: note("cancel"),
      release: note("release"),
      discard: note("discard"),
      succeeded: note("well"),
      failed: note("bad"),
    });
  }
}
