import { errorText } from "../../proxy/base/error-text.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { ObservationQuestion, ObservedSeconds } from "../../proxy/metrics/second-counts.ts";
import { NOTHING_COUNTED } from "../../proxy/metrics/second-counters.ts";
import { joinedSeconds } from "../../proxy/metrics/second-sums.ts";
import { ArmPlaces } from "./arm-places.ts";
import type {
  CountedUpTo,
  Counting,
  CountsTaken,
  Observations,
  UnseenSidecar,
  VersionSecond,
} from "./observations.ts";

/** What all sidecars have counted, of those that could be asked. */
export type AskedSeconds = {
  readonly answers: readonly ObservedSeconds[];
  /** Those that did not tell theirs. */
  readonly missing: readonly UnseenSidecar[];
};

/** Asks them. @throws Error when this one's own workers do not answer */
export type AskSeconds = (question: ObservationQuestion) => Promise<AskedSeconds>;

/** Asks nobody else. */
export function askOwn(
  own: (question: ObservationQuestion) => Promise<ObservedSeconds>,
): AskSeconds {
  return async (question) => ({ answers: [await own(question)], missing: [] });
}

/** Seconds that a sidecar's clock may be behind ours: for one that is more, nobody waits. */
const BEHIND_MAX_S = 3;

/** Seconds that a clock may be behind that of who led before: no second is to count twice. */
export const CLOCKS_APART_MAX_S = 3;

/** Sidecars that are named to operators, of those that are missing. */
const UNSEEN_TOLD_MAX = 5;

/** What workers have counted, second by second, here or in all sidecars that share the table. */
export class CountedSeconds implements Observations {
  readonly #ask: AskSeconds;
  readonly #clock: Pick<Clock, "wallMs">;

  constructor(ask: AskSeconds, clock: Pick<Clock, "wallMs">) {
    this.#ask = ask;
    this.#clock = clock;
  }

  begin(
    service: string,
    versions: { readonly stable: string; readonly canary: string },
    after?: CountedUpTo,
  ): Counting {
    const names = [versions.stable, versions.canary];
    const ask = (afterS: number): Promise<AskedSeconds> =>
      this.#ask({ service, versions: names, afterS });
    return new SecondBySecond(ask, this.#clock, after);
  }
}

class SecondBySecond implements Counting {
  readonly #ask: (afterS: number) => Promise<AskedSeconds>;
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #stable = new ArmPlaces();
  readonly #canary: ArmPlaces;
  /** The last second that is of no more interest. */
  #afterS: number;

  constructor(
    ask: (afterS: number) => Promise<AskedSeconds>,
    clock: Pick<Clock, "wallMs">,
    after?: CountedUpTo,
  ) {
    this.#ask = ask;
    this.#clock = clock;
    this.#canary = new ArmPlaces(after?.endpoints);
    this.#afterS = after?.untilS ?? this.#nowS;
  }

  get upTo(): CountedUpTo {
    return { untilS: this.#afterS, endpoints: this.#canary.addresses };
  }

  async take(): Promise<CountsTaken> {
    const afterS = this.#afterS;
    // Somebody has set the clock back. By less it is waited for: who led before had another clock.
    if (afterS > this.#nowS + CLOCKS_APART_MAX_S) this.#afterS = this.#nowS;
    try {
      const { answers, missing } = await this.#ask(this.#afterS);
      const [of, unseen] = [answers.length + missing.length, missing.slice(0, UNSEEN_TOLD_MAX)];
      const counts = { kind: "seconds", of, unseen } as const;
      // Somebody has begun afresh meanwhile.
      if (afterS !== this.#afterS) return { ...counts, seconds: [], seen: answers.length };
      const known = joinedSeconds(answers, this.#untilOf(answers), 2);
      const joined = known.filter(({ second }) => second > afterS);
      this.#afterS = Math.max(afterS, joined.at(-1)?.second ?? afterS);
      const seconds = joined.map((each) => this.#secondOf(each));
      return { ...counts, seconds, seen: joined.at(-1)?.seen ?? answers.length };
    } catch (error) {
      return { kind: "missing", reason: errorText(error) };
    }
  }

  restart(): void {
    this.#afterS = Math.max(this.#afterS, this.#nowS);
  }

  end(): void {
    // Workers stop by themselves when nobody asks.
  }

  get #nowS(): number {
    return Math.floor(this.#clock.wallMs() / 1_000);
  }

  /** The last second that all of them have seen the end of. */
  #untilOf(answers: readonly ObservedSeconds[]): number {
    const endedS = this.#nowS - 1;
    const inTime = answers.filter(({ untilS }) => untilS >= endedS - BEHIND_MAX_S);
    return Math.min(endedS, ...inTime.map(({ untilS }) => untilS));
  }

  #secondOf({
    versions,
  }: {
    readonly versions: ObservedSeconds["seconds"][0]["versions"];
  }): VersionSecond {
    const [stable = NOTHING_COUNTED, canary = NOTHING_COUNTED] = versions;
    return { stable: this.#stable.armOf(stable), canary: this.#canary.armOf(canary) };
  }
}
