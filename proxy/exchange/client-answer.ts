import type { AnswerDraft } from "../filters/filter-answer.ts";
import { grpcStatusOfHttp } from "../grpc/status.ts";
import type { GrpcStatus } from "../grpc/status.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { OwnAnswer } from "../http1/own-answer.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { OutgoingResponse } from "../http1/outgoing-response.ts";
import { NO_VIA, viaLines } from "../http1/rewrite-response.ts";
import type { ResponseRewrite, ViaLines } from "../http1/rewrite-response.ts";
import type { MirrorPolicy } from "../table/mirror.ts";
import type { AnswerTap } from "./answer-tap.ts";
import type { BufferBudget } from "./buffer-budget.ts";
import type { ExchangeDeps } from "./deps.ts";
import { AnswerNote } from "./answer-note.ts";
import type { Destination } from "./destination.ts";
import { filterResponse } from "./filtering.ts";
import { askGate, isOpenTo } from "./gate.ts";
import { endOfCall, grpcAnswer, grpcEnd, grpcStatusOfError } from "./grpc-answer.ts";
import type { RequestForwarder } from "./forward-request.ts";
import { PRIORITIES } from "../table/priority.ts";
import { LimitFields } from "./limit-fields.ts";
import { rewriteOwn, rewriteResponse } from "./route-acts.ts";
import type { ExchangeClient } from "./ports.ts";
import {
  errorResponse,
  optionsResponse,
  ownResponse,
  proxyStatusOf,
  REFUSED_STATUS,
  refusalResponse,
  statusOf,
} from "./respond.ts";
import type { ProxyError, ResponseOptions } from "./respond.ts";

/** The request that is answered; it belongs to one exchange and is reused with it. */
export type Answered = {
  readonly head: RequestHead;
  readonly request: RequestForwarder;
  readonly to: Pick<Destination, "live" | "grpc" | "route" | "rank">;
};

/** Answers the client of an exchange. One object for each exchange, reused. */
export class ClientAnswer {
  /** 0: nothing has gone out yet except interim heads. */
  status = 0;
  /** The client's connection closes after the answer. */
  closes = false;
  readonly note: AnswerNote;
  /** Hears all of the answer. undefined: nobody does. */
  tap: AnswerTap | undefined;
  readonly #deps: ExchangeDeps;
  readonly #via: ViaLines;
  readonly #outgoing = new OutgoingResponse();
  readonly #head: RequestHead;
  readonly #request: RequestForwarder;
  readonly #to: Answered["to"];
  /** undefined: no request was counted by a limit. */
  #limits: LimitFields | undefined;
  #client: ExchangeClient;

  constructor(deps: ExchangeDeps, client: ExchangeClient, { head, request, to }: Answered) {
    this.#deps = deps;
    this.note = new AnswerNote(deps.clock);
    this.#via = viaLines(deps.pseudonym);
    this.#client = client;
    this.#head = head;
    this.#request = request;
    this.#to = to;
  }

  /** Who gets the next answer. */
  setClient(client: ExchangeClient): void {
    this.#client = client;
  }

  /** The exchange is over: what went into its answer is forgotten. */
  clear(): void {
    this.status = 0;
    this.closes = false;
    this.note.clear();
    this.#outgoing.clear();
    this.#limits?.clear();
    this.tap = undefined;
  }

  /** Counts what a policy of the service did. */
  counted(word: string): void {
    this.#deps.policyCounts.add(this.#to.live?.name ?? "", word);
  }

  /** What all exchanges of the worker buffer. */
  get buffered(): BufferBudget {
    return this.#deps.buffered;
  }

  /** Asks whether the request may go on. false: it has been answered. */
  goesOn(to: Destination): boolean {
    if (isOpenTo(to)) return true;
    const about = { head: this.#head, request: this.#request, peer: this.#client.peer };
    this.#limits ??= new LimitFields();
    const verdict = askGate(to, { ...about, limits: this.#limits, note: this.note }, this.#deps);
    if (verdict === "go") return true;
    if (typeof verdict === "string") this.error(verdict);
    else this.#own(verdict);
    return false;
  }

  /** Sends the response to a ProxyError. */
  error(error: ProxyError): void {
    this.closes ||= this.#mustClose;
    this.status = statusOf(error);
    this.note.why = error;
    this.#count(proxyStatusOf(error));
    if (error === "overloaded") this.counted(`shed:${PRIORITIES[this.#to.rank]}`);
    this.#answer(errorResponse(error, this.#options()), grpcStatusOfError(error, this.status));
  }

  /**
   * Ends a call of gRPC whose answer has begun: its client hears how. false: the exchange is none,
   * or a message is under way, and half an answer or message must not pass for a whole one.
   */
  endCall(error: ProxyError): boolean {
    const { grpc } = this.#to;
    this.note.why = error;
    if (!grpc.isCall) return false;
    const { status, text } = endOfCall(error);
    grpc.status = status;
    this.#count(proxyStatusOf(error));
    return this.#client.stream.finishCall(grpcEnd(status, text));
  }

  /** Sends the response to `OPTIONS *`. */
  options(): void {
    this.closes = this.#mustClose;
    this.status = 204;
    this.note.by = "sluice";
    this.#client.stream.answer(optionsResponse(this.#options()));
  }

  /**
   * Sends the response to a request that breaks a rule; the connection closes after it. `to`: says
   * which methods its service takes.
   */
  refusal(refusal: Refusal, to: Destination): void {
    this.status = refusal.status;
    this.note.why = refusal.reason;
    this.#count(REFUSED_STATUS);
    this.closes = true;
    const methods = to.live?.table.snapshot.methods ?? [];
    const allowed = methods.length === 0 ? undefined : methods;
    const answer = refusalResponse(refusal, this.#options(), allowed);
    this.#answer(answer, grpcStatusOfHttp(refusal.status));
  }

  /** Passes a 1xx on, to clients that know them (RFC 9110 15.2). */
  interim(head: ResponseHead): void {
    if (this.#head.version !== "1.0") this.#client.stream.interim(head, this.#viaOf(this.#to));
  }

  /**
   * The head of the upstream's response as the client encodes it, which gets the body in `framing`.
   * undefined: a filter has failed closed. `bodyEndsByClose`: the body ends with the client's
   * connection.
   */
  relayed(
    head: ResponseHead,
    framing: ResponseRewrite["framing"],
    bodyEndsByClose: boolean,
    to: Destination,
  ): string | undefined {
    const outgoing = this.#outgoing;
    outgoing.begin(head);
    this.closes = bodyEndsByClose || this.#mustClose;
    this.status = head.status;
    this.note.by = "endpoint";
    outgoing.via = this.#viaOf(to);
    outgoing.framing = framing;
    outgoing.date = this.#date();
    outgoing.extra = to.fields(head) + (this.#limits?.lines ?? "");
    outgoing.connection = head.status === 101 ? "" : connectionFor(this.#head, this.closes);
    if (to.filters !== undefined && !filterResponse(to.filters, outgoing)) return undefined;
    if (to.route?.actions) rewriteResponse(to.route.actions, this.#head, outgoing);
    if (to.policy.mirror !== undefined) this.#mirror(to.policy.mirror, head, to);
    return this.#client.stream.encode(outgoing);
  }

  #mirror(policy: MirrorPolicy, answer: ResponseHead, to: Destination): void {
    const exchange = { head: this.#head, request: this.#request, to };
    this.tap = this.#deps.mirrors.mirror(policy, exchange, answer, this.#deps);
  }

  /** Whether the client's connection must close after the exchange. */
  get #mustClose(): boolean {
    return !this.#head.keepAlive || !this.#request.done || this.#client.draining;
  }

  /** Sends the answer of a route or a filter. */
  #own(answer: AnswerDraft): void {
    this.closes = this.#mustClose;
    this.status = answer.status;
    this.#send(ownResponse(answer, this.#options()));
  }

  /** `status`: what a call of gRPC ends with. */
  #answer(answer: OwnAnswer, status: GrpcStatus): void {
    const { grpc } = this.#to;
    if (grpc.isCall) grpc.status = status;
    this.note.by = "sluice";
    this.#send(grpc.isCall ? grpcAnswer(answer, status) : answer);
  }

  #send(answer: OwnAnswer): void {
    const actions = this.#to.route?.actions;
    const lines = this.#limits?.lines ?? "";
    const told = lines === "" ? answer : { ...answer, fields: answer.fields + lines };
    const whole = actions === undefined ? told : rewriteOwn(told, actions, this.#head);
    this.note.bodyBytes = whole.body.length;
    this.#client.stream.answer(whole);
  }

  #viaOf(to: Answered["to"]): ViaLines {
    return to.live?.table.snapshot.via === "both" ? this.#via : NO_VIA;
  }

  #count(error: string): void {
    this.#deps.localReplies.add(this.#to.live?.name ?? "", error);
  }

  #options(): ResponseOptions {
    return { close: this.closes, head: this.#head.isHead, date: this.#date() };
  }

  #date(): string {
    return this.#deps.date.at(this.#deps.wheel.nowMs);
  }
}

function connectionFor({ version }: RequestHead, closes: boolean): ResponseRewrite["connection"] {
  if (closes) return "close";
  return version === "1.0" ? "keep-alive" : "";
}
