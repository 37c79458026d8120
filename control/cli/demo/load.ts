import { Pool } from "undici";
import type { Clock } from "../../../proxy/base/clock.ts";
import type { Tally } from "./tally.ts";
import { pause } from "../../../proxy/base/clock.ts";
import { errorText } from "../../../proxy/base/error-text.ts";

/** Requests a second: enough for a sharp share in a few seconds, no burden for a laptop. */
const RATE_PER_SECOND = 200;

/** Kept-alive connections. */
const CONNECTIONS = 16;

/** Requests under way at once. Above this the shop counts as stuck and a request as failed. */
const UNDER_WAY_MAX = 1000;

/** How long an answer may take. */
const ANSWER_TIMEOUT_MS = 5000;

/** How often requests that are due are sent: the most that we add to a latency ourselves. */
const TICK_MS = 1;

/**
 * A steady stream of requests that does not wait for answers (an open loop): a request that is due
 * is sent, and its latency counts from when it was due, so that a slow moment shows in full.
 */
export class Load {
  readonly #clock: Clock;
  readonly #pool: Pool;
  readonly #underWay = new Set<Promise<void>>();
  /** Who counts the requests that are sent now. */
  #tally: Tally;

  constructor(clock: Clock, url: string, tally: Tally) {
    this.#clock = clock;
    this.#tally = tally;
    this.#pool = new Pool(url, {
      connections: CONNECTIONS,
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
    });
  }

  /** Counts requests that are sent from now on for `tally`, whenever their answers come. */
  countFor(tally: Tally): void {
    this.#tally = tally;
  }

  /** Sends requests until `signal` is aborted; resolves when the last answer is there. */
  async run(signal: AbortSignal): Promise<void> {
    const startMs = this.#clock.nowMs();
    for (let sent = 0; !signal.aborted;) {
      const due = Math.floor(((this.#clock.nowMs() - startMs) * RATE_PER_SECOND) / 1000) + 1;
      for (; sent < due; sent += 1) this.#send(startMs + (sent * 1000) / RATE_PER_SECOND);
      await pause(this.#clock, TICK_MS, signal);
    }
    await this.settled();
    await this.#pool.close();
  }

  /** Resolves when every request that was sent so far has its answer. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #send(dueMs: number): void {
    const tally = this.#tally;
    if (this.#underWay.size >= UNDER_WAY_MAX) {
      tally.failed(`${UNDER_WAY_MAX} requests were under way already`);
      return;
    }
    const request = this.#request(dueMs, tally)
      .catch((error: unknown) => tally.failed(errorText(error)))
      .finally(() => this.#underWay.delete(request));
    this.#underWay.add(request);
  }

  async #request(dueMs: number, tally: Tally): Promise<void> {
    const { statusCode, headers, body } = await this.#pool.request({ path: "/", method: "GET" });
    await body.dump();
    const version = headers["x-shop-version"];
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    if (typeof version !== "string") throw new Error("an answer of no version");
    tally.answered(version, this.#clock.nowMs() - dueMs);
  }
}
