/** A period in which an endpoint was down, or had just come back, in monotonic milliseconds. */
type Outage = { readonly fromMs: number; toMs: number };

/**
 * How long after a restart connections to the old process are still being found dead, one by one.
 */
const AFTER_RESTART_MS = 1_500;
/** Failures that are kept with their text; the rest are only counted. */
const KEPT_MAX = 20;
/** Outages that are remembered: they reach further back than any request of the soak lives. */
const OUTAGES_MAX = 64;

/**
 * What went right and what did not, by kind of traffic. A failure is explained if the endpoints'
 * own restarts can have caused it: it looks like what they cause, and an outage overlaps it.
 */
export class Failures {
  readonly right = new Map<string, number>();
  readonly explained = new Map<string, number>();
  readonly unexplained = new Map<string, number>();
  /** The first unexplained ones, in words. */
  readonly kept: string[] = [];
  readonly #outages: Outage[] = [];

  /** Notes that an endpoint goes down. Call the result when it is back. */
  beginOutage(nowMs: number): (nowMs: number) => void {
    const outage: Outage = { fromMs: nowMs, toMs: Number.POSITIVE_INFINITY };
    this.#outages.push(outage);
    if (this.#outages.length > OUTAGES_MAX) this.#outages.shift();
    return (backMs) => {
      outage.toMs = backMs + AFTER_RESTART_MS;
    };
  }

  /** Counts something that went as it should. */
  succeed(kind: string): void {
    increase(this.right, kind);
  }

  /**
   * Counts a failure of something that began at `startMs`. `couldBeOutage`: it looks like what a
   * vanishing endpoint causes.
   */
  fail(kind: string, why: string, span: Span, couldBeOutage: boolean): void {
    if (couldBeOutage && this.#overlaps(span)) return increase(this.explained, kind);
    increase(this.unexplained, kind);
    if (this.kept.length < KEPT_MAX) this.kept.push(`${kind}: ${why}`);
    return undefined;
  }

  #overlaps({ startMs, endMs }: Span): boolean {
    return this.#outages.some(({ fromMs, toMs }) => fromMs <= endMs && toMs >= startMs);
  }
}

/** When something began and ended, in monotonic milliseconds. */
export type Span = { readonly startMs: number; readonly endMs: number };

function increase(counts: Map<string, number>, kind: string): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
}
