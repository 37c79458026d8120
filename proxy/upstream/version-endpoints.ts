import type { Random } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { SplitPlace } from "../table/split-place.ts";
import type { Balance } from "../table/endpoint-policy.ts";
import type { VersionSnapshot } from "../table/snapshot.ts";
import { EndpointPicker } from "./endpoint-picker.ts";
import { Endpoint } from "./endpoint.ts";
import { panics } from "./panic.ts";

/** After so long another request tries an endpoint, if nobody has heard how the last one ended. */
const TRIAL_MS = 10_000;

/** The part of a PoolPolicy that the choice follows. Absent: p2c, and no panic. */
type FollowedPolicy = {
  readonly balance?: Balance | undefined;
  readonly ejection?: { readonly panicPercent?: number | undefined };
};

/** The endpoints of one version, by address across tables, and the choice among them. */
export class VersionEndpoints {
  readonly #picker: EndpointPicker;
  readonly #wheel: TimerWheel;
  readonly #onPanic: (wellCount: number) => void;
  #byAddress = new Map<string, Endpoint>();
  #snapshot: VersionSnapshot | undefined;
  #balance: Balance = "p2c";
  #panicPercent = 0;
  #isPanic = false;
  /** When trials under way have taken too long (monotonic ms). */
  #trialsUntilMs = Infinity;

  /** `onPanic`: it has begun or ended, see isPanic; so many have nothing against them. */
  constructor(wheel: TimerWheel, random: Random, onPanic: (wellCount: number) => void) {
    this.#wheel = wheel;
    this.#onPanic = onPanic;
    this.#picker = new EndpointPicker(random);
  }

  /** Those of the table in force, in its order. */
  get byAddress(): ReadonlyMap<string, Endpoint> {
    return this.#byAddress;
  }

  /** How many may get new work. */
  get usableCount(): number {
    return this.#picker.size;
  }

  /** Whether so few are usable that all are used: see panics(). */
  get isPanic(): boolean {
    return this.#isPanic;
  }

  /** One for new work; see EndpointPicker.pick(), and with a `place` pickAt(). */
  pick(slowStartMs: number, avoid?: Endpoint, place?: Readonly<SplitPlace>): Endpoint | undefined {
    const { nowMs } = this.#wheel;
    if (nowMs >= this.#trialsUntilMs) this.#repeatTrials();
    // Who is spared in panic is spared at the cost of too few.
    const warmUpMs = this.#isPanic ? 0 : slowStartMs;
    const picked =
      place === undefined
        ? this.#picker.pick(nowMs, warmUpMs, avoid)
        : this.#picker.pickAt(place, avoid);
    if (picked?.trial === "due") this.#try(picked, nowMs);
    return picked;
  }

  /** Gives it one request, and no more until that has shown how it is. */
  #try(endpoint: Endpoint, nowMs: number): void {
    // It must take all there is if there is no other.
    const isAlone = this.usableCount <= 1;
    endpoint.trial = isAlone ? "none" : "under way";
    if (isAlone) return;
    this.#trialsUntilMs = nowMs + TRIAL_MS;
    this.refresh();
  }

  #repeatTrials(): void {
    this.#trialsUntilMs = Infinity;
    for (const endpoint of this.#byAddress.values()) {
      if (endpoint.trial === "under way") endpoint.trial = "due";
    }
    this.refresh();
  }

  /** The usability of endpoints may have changed. */
  refresh(): void {
    const isPanic = panics(this.#byAddress.values(), this.#panicPercent);
    const turns = isPanic !== this.#isPanic;
    this.#isPanic = isPanic;
    for (const endpoint of this.#byAddress.values()) endpoint.followPanic(isPanic);
    this.#picker.fill(this.#byAddress.values(), this.#balance);
    if (!turns) return;
    const well = [...this.#byAddress.values()].filter((each) => each.isWanted && each.isWell);
    this.#onPanic(well.length);
  }

  /**
   * Follows a new table: an address that stays keeps its endpoint, unless somebody else is expected
   * there. Returns the endpoints that get nothing new from now on, because they are gone or because
   * of their state.
   */
  follow(snapshot: VersionSnapshot, policy: FollowedPolicy = {}): readonly Endpoint[] {
    const { balance = "p2c", ejection: { panicPercent = 0 } = {} } = policy;
    const isAsWas = balance === this.#balance && panicPercent === this.#panicPercent;
    if (snapshot === this.#snapshot && isAsWas) return [];
    this.#balance = balance;
    this.#panicPercent = panicPercent;
    // The endpoints of the first table are new only to us, not to their clients: no slow start.
    const sinceMs = this.#snapshot === undefined ? -Infinity : this.#wheel.nowMs;
    this.#snapshot = snapshot;
    const before = this.#byAddress;
    this.#byAddress = new Map(
      snapshot.endpoints.map((entry) => {
        const known = before.get(entry.address);
        const isSame = known?.isWhoIsAt(entry) === true;
        return [
          entry.address,
          isSame ? known.follow(entry, sinceMs) : new Endpoint(entry, sinceMs),
        ];
      }),
    );
    for (const endpoint of before.values()) {
      endpoint.removed = this.#byAddress.get(endpoint.address) !== endpoint;
    }
    this.refresh();
    const leaving = [...before.values()].filter(({ removed }) => removed);
    const atRest = [...this.#byAddress.values()].filter(
      ({ snapshot: { state } }) => state !== "ready",
    );
    return [...leaving, ...atRest];
  }

  /** The version is gone, and all its endpoints with it. Returns them. */
  clear(): readonly Endpoint[] {
    const all = [...this.#byAddress.values()];
    for (const endpoint of all) endpoint.removed = true;
    this.#byAddress = new Map();
    this.refresh();
    return all;
  }

  /**
   * The endpoint of the address. For an address that is not in the table, one that gets nothing
   * new.
   */
  findOrMake(address: string): Endpoint {
    const found = this.#byAddress.get(address);
    if (found !== undefined) return found;
    const snapshot = { address, weight: 1, state: "maint", healthy: false } as const;
    const stranger = new Endpoint(snapshot, -Infinity);
    stranger.removed = true;
    return stranger;
  }
}
