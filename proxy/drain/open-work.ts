import type {
  OpenCall,
  OpenClient,
  OpenRequest,
  OpenStream,
} from "../clients/client-connections.ts";
import type { CloseCode } from "../tunnel/close-frame.ts";

/** Kinds of work that hold on to a version. */
export type WorkKind = "tunnel" | "exchange";

/** Something under way at a version that can be ended. */
export interface OpenWork {
  readonly kind: WorkKind;
  readonly pool: { readonly service: string; readonly version: string };
  /** When its request arrived, in monotonic milliseconds. */
  readonly sinceMs: number;
  /** An exchange that lasts for as long as both sides like: a stream of gRPC. */
  readonly lasts?: boolean;
  /** It has been asked to end. */
  readonly closing: boolean;
  readonly gone: boolean;
  /** It can end at once without cutting a message. */
  readonly isBetweenMessages: boolean;
  close(code: CloseCode): void;
  /** Ends it now. */
  cut(code: CloseCode): void;
}

/** Everything under way on these connections, in their order. */
export function* openWork(connections: Iterable<OpenClient>): Generator<OpenWork> {
  for (const connection of connections) {
    yield* workOf(connection);
    for (const stream of connection.streams ?? []) yield* workOf(stream);
  }
}

function* workOf(stream: OpenStream): Generator<OpenWork> {
  const { tunnel, exchange } = stream;
  if (tunnel !== undefined) yield tunnel;
  else if (exchange?.pool !== undefined) yield new OpenExchange(exchange, exchange.pool, stream);
}

/**
 * One use of an exchange, which may serve another request by the time somebody looks again. HTTP
 * messages cannot say "to be continued elsewhere", so its gentle end is the hard one, but for calls
 * of gRPC.
 */
class OpenExchange implements OpenWork {
  readonly kind = "exchange";
  readonly pool: OpenWork["pool"];
  readonly sinceMs: number;
  readonly #exchange: OpenRequest;
  readonly #call: OpenCall | undefined;
  readonly #stream: OpenStream["stream"];

  constructor(exchange: OpenRequest, pool: OpenWork["pool"], { call, stream }: OpenStream) {
    this.#exchange = exchange;
    this.#call = call;
    this.#stream = stream;
    this.pool = pool;
    this.sinceMs = exchange.sinceMs;
  }

  get lasts(): boolean {
    return this.#call !== undefined;
  }

  get closing(): boolean {
    return this.#call?.closing === true && !this.gone;
  }

  get isBetweenMessages(): boolean {
    return this.#call?.isBetweenMessages !== false;
  }

  get gone(): boolean {
    return this.#exchange.pool === undefined || this.#exchange.sinceMs !== this.sinceMs;
  }

  close(): void {
    const call = this.gone ? undefined : this.#call;
    if (call === undefined || call.isBetweenMessages) this.cut();
    else call.closing = true;
  }

  cut(): void {
    if (this.gone) return;
    const { request, answer } = this.#exchange;
    const isUnbegun = !request.written && answer.status === 0;
    if (isUnbegun && this.#stream?.refuse !== undefined) this.#stream.refuse();
    else this.#exchange.cut();
  }
}
