import type { Clock } from "../base/clock.ts";
import type { RandomHex } from "../base/random-hex.ts";
import type { Random } from "../base/random.ts";
import type {
  ExchangeTrace,
  ExchangeTracer,
  TracedExchange,
  Witnesses,
} from "../exchange/witness.ts";
import { traceContextOf, traceLines, traceParentOf } from "../http1/trace-context.ts";
import type { Peer } from "../transport/peer.ts";
import { SampledTrace, SPAN_ID_BYTES } from "./sampled-trace.ts";
import type { SpanBatch } from "./span-batch.ts";

/** Bytes of a trace's id. */
const TRACE_ID_BYTES = 16;

/** What a tracer works with. */
export type TracerDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly hex: RandomHex;
  /** It is the one that hears, while it is on. */
  readonly witness: Pick<Witnesses, "tracer">;
  /** Where spans go. */
  readonly batch: Pick<SpanBatch, "add" | "flush">;
};

/**
 * Puts every exchange of this worker into a trace, while it is on: the client's, or a new one. What
 * is sampled gets spans; everything else just passes its trace on.
 */
export class Tracer implements ExchangeTracer {
  readonly #deps: TracerDeps;
  readonly #add: (span: string) => void;
  #ratio = 0;

  /** It is off until it is told otherwise. */
  constructor(deps: TracerDeps) {
    this.#deps = deps;
    this.#add = (span) => deps.batch.add(span);
  }

  /** `ratio`: what is sampled where no trusted peer decides, 0 … 1. undefined: it is off. */
  follow(ratio: number | undefined): void {
    this.#ratio = ratio ?? 0;
    this.#deps.witness.tracer = ratio === undefined ? undefined : this;
    if (ratio === undefined) void this.flush();
  }

  /** Resolves when all spans so far have left, or cannot leave for now. */
  flush(): Promise<void> {
    return this.#deps.batch.flush();
  }

  begin({ head, request, answer }: TracedExchange, { trusted }: Peer): void {
    const context = traceContextOf(head.fields);
    const { hex, clock } = this.#deps;
    const isSampled = trusted && context !== undefined ? context.isSampled : this.#draws();
    const { traceId, parentId, state } = context ?? {
      traceId: hex.next(TRACE_ID_BYTES),
      parentId: "",
      state: "",
    };
    const trace = isSampled
      ? new SampledTrace({ traceId, parentId, state }, { clock, hex, add: this.#add })
      : new PassedTrace(traceId, hex.next(SPAN_ID_BYTES));
    answer.note.trace = trace;
    request.outgoing.rewrite.traceLines = traceLines(trace.parent, state);
  }

  /** Nothing that a client sends may decide: a stranger would have everything sampled. */
  #draws(): boolean {
    return this.#deps.random.next() < this.#ratio;
  }
}

/** The trace of an exchange that has no spans. */
class PassedTrace implements ExchangeTrace {
  readonly traceId: string;
  readonly parent: string;

  /** `spanId`: made for it, and nobody will tell of it. */
  constructor(traceId: string, spanId: string) {
    this.traceId = traceId;
    this.parent = traceParentOf(traceId, spanId, false);
  }

  tried(): void {
    // Nobody is told.
  }

  triedInVain(): void {
    // Nobody is told.
  }

  hedged(): string {
    return this.parent;
  }

  hedgeEnded(): void {
    // Nobody is told.
  }

  ended(): void {
    // Nobody is told.
  }
}
