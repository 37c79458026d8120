import type { Clock } from "../base/clock.ts";
import type { RandomHex } from "../base/random-hex.ts";
import type { EndedExchange, EndedTry, ExchangeTrace } from "../exchange/witness.ts";
import { traceParentOf } from "../http1/trace-context.ts";
import type { Peer } from "../transport/peer.ts";
import { clientFacts, serverFacts, vainFacts } from "./exchange-facts.ts";
import type { SpanFacts } from "./exchange-facts.ts";
import { spanJson } from "./span-json.ts";
import type { Span } from "./span-json.ts";

/** Bytes of a span's id. */
export const SPAN_ID_BYTES = 8;

/** Tries of one exchange that are told; policies allow fewer. */
const TRIES_MAX = 32;

/** What a trace works with. */
export type TraceDeps = {
  readonly clock: Clock;
  readonly hex: RandomHex;
  /** Takes a span as JSON. */
  readonly add: (span: string) => void;
};

/** Of whom the spans of an exchange are. `parentId`: "": nobody has sent one. */
export type TraceOrigin = {
  readonly traceId: string;
  readonly parentId: string;
  readonly state: string;
};

/** A try under way, since then in monotonic ms. */
type BegunTry = { readonly spanId: string; readonly beganMs: number };

/** A try that is told at the end. */
type ToldTry = BegunTry & { readonly endedMs: number; readonly ended: EndedTry };

/** The spans of one exchange that is sampled: one for it, and under it one for each try. */
export class SampledTrace implements ExchangeTrace {
  readonly #origin: TraceOrigin;
  readonly #deps: TraceDeps;
  readonly #spanId: string;
  readonly #tries: ToldTry[] = [];
  /** Of the try under way, or to come. */
  #tryId: string;
  /** 0: none has begun. */
  #beganMs = 0;
  /** What doubles the try under way. undefined: nothing does. */
  #hedge: BegunTry | undefined;

  constructor(origin: TraceOrigin, deps: TraceDeps) {
    this.#origin = origin;
    this.#deps = deps;
    this.#spanId = deps.hex.next(SPAN_ID_BYTES);
    this.#tryId = deps.hex.next(SPAN_ID_BYTES);
  }

  get traceId(): string {
    return this.#origin.traceId;
  }

  get parent(): string {
    return traceParentOf(this.traceId, this.#tryId, true);
  }

  tried(): void {
    this.#beganMs = this.#deps.clock.nowMs();
  }

  triedInVain(ended: EndedTry): void {
    this.#note({ spanId: this.#tryId, beganMs: this.#beganMs }, ended);
    this.#tryId = this.#deps.hex.next(SPAN_ID_BYTES);
  }

  hedged(): string {
    const spanId = this.#deps.hex.next(SPAN_ID_BYTES);
    this.#hedge = { spanId, beganMs: this.#deps.clock.nowMs() };
    return traceParentOf(this.traceId, spanId, true);
  }

  hedgeEnded(isWon: boolean, ended: EndedTry): void {
    const second = this.#hedge;
    if (second === undefined) return;
    this.#hedge = undefined;
    const first = { spanId: this.#tryId, beganMs: this.#beganMs };
    this.#note(isWon ? first : second, ended);
    if (!isWon) return;
    this.#tryId = second.spanId;
    this.#beganMs = second.beganMs;
  }

  ended(exchange: EndedExchange, peer: Peer, durationMs: number): void {
    const { sinceMs } = exchange;
    const endedMs = sinceMs + durationMs;
    const toWall = this.#deps.clock.wallMs() - endedMs;
    const { parentId } = this.#origin;
    const times = { beganMs: sinceMs + toWall, endedMs: endedMs + toWall };
    const own = { spanId: this.#spanId, parentId, isParentRemote: parentId !== "" };
    this.#tell({ ...own, ...times, kind: "server" }, serverFacts(exchange, peer));
    for (const [resent, { ended, ...each }] of this.#tries.entries()) {
      this.#tellTry(each, toWall, vainFacts(exchange, ended, resent));
    }
    if (this.#beganMs === 0) return;
    const last = { spanId: this.#tryId, beganMs: this.#beganMs, endedMs };
    this.#tellTry(last, toWall, clientFacts(exchange, this.#tries.length));
  }

  #note(begun: BegunTry, ended: EndedTry): void {
    if (this.#tries.length >= TRIES_MAX) return;
    this.#tries.push({ ...begun, endedMs: this.#deps.clock.nowMs(), ended });
  }

  #tellTry(
    { spanId, beganMs, endedMs }: Omit<ToldTry, "ended">,
    toWall: number,
    facts: SpanFacts | undefined,
  ): void {
    if (facts === undefined) return;
    const own = { spanId, parentId: this.#spanId, isParentRemote: false, kind: "client" } as const;
    this.#tell({ ...own, beganMs: beganMs + toWall, endedMs: endedMs + toWall }, facts);
  }

  #tell(span: Omit<Span, keyof SpanFacts | "traceId" | "state">, facts: SpanFacts): void {
    const { traceId, state } = this.#origin;
    this.#deps.add(spanJson({ traceId, state, ...span, ...facts }));
  }
}
