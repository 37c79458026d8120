import type { EndedExchange } from "../exchange/witness.ts";
import type { Peer } from "../transport/peer.ts";
import { ACCESS_FLAGS } from "./entry.ts";
import type { AccessEntry, AccessFlag } from "./entry.ts";

/** An exchange that ends, as an entry: valid as long as the exchange is. */
export class ExchangeEntry implements AccessEntry {
  readonly serverName: string;
  readonly client: string;
  readonly durationMs: number;
  readonly #exchange: EndedExchange;

  constructor(exchange: EndedExchange, peer: Peer, durationMs: number) {
    this.#exchange = exchange;
    this.client = peer.address;
    this.serverName = peer.tls?.serverName ?? "";
    this.durationMs = durationMs;
  }

  get isError(): boolean {
    const { answer, to } = this.#exchange;
    return answer.note.why !== "" || answer.status === 0 || to.grpc.countedAs(answer.status) >= 500;
  }

  get protocol(): string {
    const { version } = this.#exchange.head;
    return version === "2.0" ? "HTTP/2" : `HTTP/${version}`;
  }

  get method(): string {
    return this.#exchange.head.method;
  }

  get host(): string {
    return this.#exchange.head.host;
  }

  get path(): string {
    return this.#exchange.head.rawPath;
  }

  get query(): string {
    return this.#exchange.head.queryString;
  }

  get status(): number {
    return this.#exchange.answer.status;
  }

  get grpcStatus(): string {
    return this.#exchange.to.grpc.status ?? "";
  }

  get error(): string {
    return this.#exchange.answer.note.why;
  }

  /** Almost always "": then nothing is made for it. */
  get flags(): string {
    const { answer, to } = this.#exchange;
    const { tries, endpoint } = answer.note;
    const isEjected = endpoint !== undefined && endpoint.ejectedUntilMs > 0;
    const isPlain = answer.note.why === "" && answer.note.by === "endpoint" && to.holdMs === 0;
    if (isPlain && tries < 2 && !isEjected) return "";
    const isGone = answer.note.why === "client-left";
    const isCut = answer.note.why !== "" && answer.note.by === "endpoint" && !isGone;
    const holds: Readonly<Record<AccessFlag, boolean>> = {
      local: answer.note.by === "sluice",
      filter: answer.note.by === "filter",
      route: answer.note.by === "route",
      delayed: to.holdMs > 0,
      retried: tries > 1,
      ejected: isEjected,
      cut: isCut,
      left: isGone,
    };
    return ACCESS_FLAGS.filter((flag) => holds[flag]).join(",");
  }

  get firstByteMs(): number | undefined {
    const { sinceMs, answer } = this.#exchange;
    if (answer.status === 0) return undefined;
    return answer.note.beganMs === 0 ? this.durationMs : answer.note.beganMs - sinceMs;
  }

  get requestBytes(): number {
    return this.#exchange.request.scanner.payloadBytes;
  }

  get responseBytes(): number {
    return this.#exchange.answer.note.bodyBytes;
  }

  get service(): string {
    return this.#exchange.to.live?.name ?? "";
  }

  get version(): string {
    return this.#exchange.to.pool?.version ?? "";
  }

  get endpoint(): string {
    return this.#exchange.answer.note.endpoint?.address ?? "";
  }

  get attempts(): number {
    return this.#exchange.answer.note.tries;
  }

  get requestId(): string {
    return this.#exchange.head.requestId ?? this.#exchange.request.outgoing.rewrite.requestId;
  }

  get traceId(): string {
    return this.#exchange.answer.note.trace?.traceId ?? "";
  }

  get userAgent(): string {
    return this.#exchange.head.header("user-agent") ?? "";
  }

  get referer(): string {
    return this.#exchange.head.header("referer") ?? "";
  }
}
