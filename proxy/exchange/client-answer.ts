import type { Transport } from "../transport/transport.ts";
import type { AnswerDraft } from "../filters/filter-answer.ts";
import type { Refusal } from "../http1/refusal.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import {
  interimHeadForClient,
  responseHeadForClient,
  viaLines,
} from "../http1/rewrite-response.ts";
import type { ResponseRewrite } from "../http1/rewrite-response.ts";
import type { Destination } from "./destination.ts";
import { filterRequest, filterResponse } from "./filtering.ts";
import type { RequestForwarder } from "./forward-request.ts";
import type { ServeDeps } from "./deps.ts";
import {
  errorResponse,
  optionsResponse,
  ownResponse,
  refusalResponse,
  statusOf,
} from "./respond.ts";
import type { ProxyError, ResponseOptions } from "./respond.ts";

/** What the client of an exchange is answered with. One object an exchange, reused. */
export class ClientAnswer {
  /** 0: nothing has gone out yet but interim heads. */
  status = 0;
  /** The client's connection closes after the answer. */
  closes = false;
  readonly #deps: ServeDeps;
  readonly #rewrite: ResponseRewrite;
  #client!: Transport;
  #request!: RequestHead;

  constructor(deps: ServeDeps) {
    this.#deps = deps;
    const via = viaLines(deps.pseudonym);
    this.#rewrite = { via, date: "", connection: "", framing: "as-sent", extra: "" };
  }

  /** Before a new request on this connection. */
  begin(client: Transport, request: RequestHead): void {
    this.#client = client;
    this.#request = request;
    this.status = 0;
    this.closes = false;
  }

  /** Whether the client's connection cannot go on after the exchange. */
  mustClose(requestDone: boolean): boolean {
    return !this.#request.keepAlive || !requestDone || this.#deps.connections.draining;
  }

  /** Shows a request to the filters of its service. false: it has been answered. */
  passes(to: Destination, request: RequestForwarder): boolean {
    const verdict = filterRequest(to, this.#request, request);
    if (verdict === "go") return true;
    this.closes = this.mustClose(request.done);
    if (verdict === "failed") this.error("filter-failed");
    else this.#own(verdict);
    return false;
  }

  /** Sends the response to a ProxyError. */
  error(error: ProxyError): void {
    this.status = statusOf(error);
    this.#client.write(errorResponse(error, this.#options()));
  }

  /** Sends the response to `OPTIONS *`. */
  options(): void {
    this.status = 204;
    this.#client.write(optionsResponse(this.#options()));
  }

  /** Sends the response to a body that breaks a rule; the connection closes after it. */
  refusal(refusal: Refusal): void {
    this.status = refusal.status;
    this.closes = true;
    this.#client.write(refusalResponse(refusal, this.#options()));
  }

  /** Passes a 1xx on, to clients that know them (RFC 9110 15.2). */
  interim(head: ResponseHead): void {
    if (this.#request.minorVersion === 0) return;
    this.#client.write(interimHeadForClient(head, this.#rewrite.via));
  }

  /** The head of the upstream's response, for the client. undefined: a filter has failed closed. */
  head(
    head: ResponseHead,
    framing: ResponseRewrite["framing"],
    to: Destination,
  ): string | undefined {
    const rewrite = this.#rewrite;
    this.status = head.status;
    rewrite.framing = framing;
    rewrite.date = this.#date();
    rewrite.extra = to.fields();
    rewrite.connection = this.#connectionFor(head.status);
    const text = responseHeadForClient(head, rewrite);
    return to.filters === undefined ? text : filterResponse(to.filters, text, head.status);
  }

  /** Sends a filter's own answer. */
  #own(answer: AnswerDraft): void {
    this.status = answer.status;
    this.#client.write(ownResponse(answer, this.#options()));
  }

  #connectionFor(status: number): ResponseRewrite["connection"] {
    if (status === 101) return "upgrade";
    if (this.closes) return "close";
    return this.#request.minorVersion === 0 ? "keep-alive" : "";
  }

  #options(): ResponseOptions {
    return { close: this.closes, head: this.#request.isHead, date: this.#date() };
  }

  #date(): string {
    return this.#deps.date.at(this.#deps.wheel.nowMs);
  }
}
