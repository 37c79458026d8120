import { STREAMS_MAX } from "./limits.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault, Http2Reason } from "./reasons.ts";

/** What a peer can make us do for next to nothing, and may therefore do only so often. */
export const Budget = {
  /** RST_STREAM before our answer has begun: work that nobody wants any more (CVE-2023-44487). */
  resets: 0,
  /** RST_STREAM of ours that the peer has provoked: the same, turned around (CVE-2025-8671). */
  provoked: 1,
  /** DATA, HEADERS and CONTINUATION without a byte in them (CVE-2019-9518). */
  empty: 2,
  /** PING, each of which wants an answer (CVE-2019-9512). */
  pings: 3,
  /** SETTINGS, each of which wants an answer (CVE-2019-9515). */
  settings: 4,
  /** PRIORITY, frames that we do not know, and late ones: read for nothing (CVE-2019-9513). */
  ignored: 5,
  /** WINDOW_UPDATE: each looks for who waits, and a small one makes a small frame. */
  windowUpdates: 6,
} as const;

/** How often at once, and how often a second for ever. What work earns comes on top. */
type Allowance = {
  readonly reason: Http2Reason;
  readonly burst: number;
  readonly perSecond: number;
};

/**
 * Resets: every stream that is answered earns one, so whoever cancels half of its calls (hedging,
 * deadlines of gRPC) may do so at any rate, and whoever cancels streams of answers at any rate
 * anyway. Beyond that 50 a second are the work of some hundred requests, as each may have opened a
 * connection to an endpoint for nothing. At once a client may cancel all that it has open, twice.
 * Pings: grpc-go and gRPC's core measure with one for every batch of data; data earn them.
 * Window updates: what we send earns them, where a window did not cut it short.
 */
const ALLOWANCES: readonly Allowance[] = [
  { reason: "h2-reset-flood", burst: 2 * STREAMS_MAX, perSecond: 50 },
  { reason: "h2-provoked-resets", burst: 200, perSecond: 10 },
  { reason: "h2-empty-frames", burst: 100, perSecond: 10 },
  { reason: "h2-ping-flood", burst: 200, perSecond: 10 },
  { reason: "h2-settings-flood", burst: 50, perSecond: 1 },
  { reason: "h2-ignored-frames", burst: 1000, perSecond: 50 },
  { reason: "h2-window-update-flood", burst: 1000, perSecond: 100 },
];
const BURSTS = Int32Array.from(ALLOWANCES, ({ burst }) => burst);

/** Token buckets of one connection, one for each Budget. */
export class FloodBudgets {
  readonly #left = BURSTS.slice();

  /** Takes one. Returns what ends the connection when there is none left. */
  spend(budget: number): Http2Fault | undefined {
    const left = this.#left[budget] as number;
    if (left === 0) return FAULTS[(ALLOWANCES[budget] as Allowance).reason];
    this.#left[budget] = left - 1;
    return undefined;
  }

  /** Puts `count` whole ones back, up to the burst. */
  earn(budget: number, count: number): void {
    const burst = BURSTS[budget] as number;
    this.#left[budget] = Math.min(burst, (this.#left[budget] as number) + count);
  }

  /** Time has passed: `seconds` of it, whole ones. */
  refill(seconds: number): void {
    for (const [budget, { perSecond }] of ALLOWANCES.entries()) {
      this.earn(budget, perSecond * seconds);
    }
  }
}
