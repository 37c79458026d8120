import type { Clock } from "../base/clock.ts";
import { FailingClients } from "../metrics/failing-clients.ts";
import { NOTHING_COUNTED } from "../metrics/second-counters.ts";
import type {
  ObservationQuestion,
  ObservedSecond,
  ObservedSeconds,
} from "../metrics/second-counts.ts";
import type { LiveService } from "./live-service.ts";
import { ObservedVersion, oldestKept } from "./observed-version.ts";
import type { ObservationTime } from "./observed-version.ts";
import type { VersionPool } from "./version-pool.ts";

/** How long versions are observed for nobody, in seconds: who asks does so once a second. */
const UNWANTED_S = 30;

/** A wall clock that is off by more than this was set: what was counted has no time any more. */
const CLOCK_STEP_MS = 1_000;

type TwoClocks = Pick<Clock, "nowMs" | "wallMs">;

/**
 * Services whose versions are counted by the second, in this worker: from the first question about
 * one until nobody has asked for a while. So nothing is left of whoever asked and is gone.
 */
export class ObservedServices {
  readonly #clock: TwoClocks;
  readonly #byName: (service: string) => LiveService | undefined;
  readonly #observed = new WeakMap<LiveService, ObservedService>();

  constructor(clock: TwoClocks, byName: (service: string) => LiveService | undefined) {
    this.#clock = clock;
    this.#byName = byName;
  }

  /** What is known: nothing of a service that is not there. */
  ask({ service, versions, afterS }: ObservationQuestion): ObservedSeconds {
    const live = this.#byName(service);
    if (live === undefined) return nothingKnown(Math.floor(this.#clock.wallMs() / 1_000));
    const known = this.#observed.get(live);
    const observed = known?.isOver === false ? known : new ObservedService(this.#clock);
    if (observed !== known) this.#observed.set(live, observed);
    return observed.ask(live, versions, afterS);
  }
}

function nothingKnown(nowS: number): ObservedSeconds {
  return { sinceS: nowS, untilS: nowS - 1, seconds: [] };
}

class ObservedService implements ObservationTime {
  readonly #clock: TwoClocks;
  readonly #failing = new FailingClients();
  /** From monotonic to wall time. */
  #offsetMs: number;
  readonly #sinceS: number;
  wantedUntilS: number;

  constructor(clock: TwoClocks) {
    this.#clock = clock;
    this.#offsetMs = clock.wallMs() - clock.nowMs();
    const nowS = this.secondAt(clock.nowMs());
    this.wantedUntilS = nowS + UNWANTED_S;
    this.#sinceS = nowS + 1;
  }

  /** Nobody has asked for too long, or the clock was set: it must begin anew. */
  get isOver(): boolean {
    const nowMs = this.#clock.nowMs();
    const stepMs = Math.abs(this.#clock.wallMs() - nowMs - this.#offsetMs);
    return stepMs > CLOCK_STEP_MS || this.secondAt(nowMs) > this.wantedUntilS;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  secondAt(nowMs: number): number {
    return Math.floor((nowMs + this.#offsetMs) / 1_000);
  }

  ask(live: LiveService, versions: readonly string[], afterS: number): ObservedSeconds {
    const nowMs = this.#clock.nowMs();
    // The two clocks drift apart.
    this.#offsetMs = this.#clock.wallMs() - nowMs;
    const nowS = this.secondAt(nowMs);
    this.wantedUntilS = nowS + UNWANTED_S;
    const pools = versions.map((name) => live.pools.find(({ version }) => version === name));
    for (const pool of pools) if (pool !== undefined) this.#observe(pool);
    const [sinceS, untilS] = [Math.max(afterS + 1, this.#sinceS, oldestKept(nowS)), nowS - 1];
    const seconds: ObservedSecond[] = [];
    for (let second = sinceS; second <= untilS; second += 1) {
      const counted = pools.map((pool) => pool?.observed?.counts(second) ?? NOTHING_COUNTED);
      if (counted.some(({ requests }) => requests > 0)) seconds.push({ second, versions: counted });
    }
    return { sinceS, untilS, seconds };
  }

  #observe(pool: VersionPool): void {
    if (pool.observed?.time === this) return;
    pool.observed = new ObservedVersion(this, this.#failing, () => (pool.observed = undefined));
  }
}
