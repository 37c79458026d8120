import type { Forecast } from "../analysis/forecast.ts";
import { pause } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Serial } from "../base/serial.ts";
import { AutomaticStart } from "./automatic-start.ts";
import type { AutomaticDeps } from "./automatic-start.ts";
import { carryOut, endLateRetreats, saveUnsaved } from "./carry-out.ts";
import { siblingSeen, siblingsOf } from "./siblings.ts";
import type { Sibling } from "./group.ts";
import type { Leader } from "./leader.ts";
import { LedRollout } from "./led-rollout.ts";
import type { LeadDeps, LiveView } from "./led-rollout.ts";
import { hasEnded } from "./rollout.ts";
import type { Rollout } from "./rollout.ts";

/** How often a rollout is looked at: each second counts once. */
const LOOK_EVERY_MS = 1_000;

/** Decisions that follow from one look: the end of a stage, the next one's weight, and settling. */
const DECISIONS_MAX = 4;

/** What a lookout works with. */
export type LookoutDeps = LeadDeps & AutomaticDeps & { readonly leader: Leader };

/**
 * Looks at all rollouts that are under way once a second, and carries out what follows, if this
 * sidecar leads. It competes for that only while there is one.
 */
export class Lookout {
  readonly #deps: LookoutDeps;
  readonly #serial: Serial;
  readonly #automatic: AutomaticStart;
  readonly #led = new Map<string, LedRollout>();
  readonly #tried = Promise.withResolvers<void>();
  /** Why the last look failed that did. */
  #failure = "";

  /** `serial`: decisions of people take turns with those that follow from looks. */
  constructor(deps: LookoutDeps, serial: Serial) {
    this.#deps = deps;
    this.#serial = serial;
    this.#automatic = new AutomaticStart(deps);
  }

  /** What whoever leads a rollout knows beside what is stored. undefined: it is not led here. */
  live(id: string): LiveView | undefined {
    return this.#led.get(id)?.live;
  }

  /** What is to come of it. undefined: nothing can be foreseen here. */
  forecast(rollout: Rollout): Forecast | undefined {
    return this.#led.get(rollout.id)?.forecast(rollout);
  }

  /** A success has been undone. Where nobody leads it any more, nobody else can tell of that. */
  undone(rollout: Rollout): void {
    const isOver = rollout.phase === "aborted" && rollout.settled;
    if (isOver && !this.#led.has(rollout.id)) this.#deps.asking.hooks.tellEnd(rollout);
  }

  /** Resolves when the store has been read, or could not be at first. */
  get tried(): Promise<void> {
    return this.#tried.promise;
  }

  /** Looks until `signal` is aborted. A store that cannot be read is tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#deps;
    await this.#repeat(signal, async () => {
      await store.load().finally(() => this.#tried.resolve());
      return true;
    });
    const following = store.follow(signal);
    while (!signal.aborted) {
      if (this.#hasWork) await this.#leadWhileOpen(signal);
      await pause(clock, LOOK_EVERY_MS, signal);
    }
    await following;
  }

  get #open(): readonly Rollout[] {
    const latest = this.#deps.store.all().map((each) => each.latest);
    return latest.filter((each) => !hasEnded(each) || !each.settled || this.#isForsaken(each));
  }

  /** Whether it has succeeded, and one of its group is aborted. */
  #isForsaken(rollout: Rollout): boolean {
    return rollout.phase === "successful" && siblingsOf(this.#deps.store, rollout).some(isAborted);
  }

  get #hasWork(): boolean {
    const { unsaved, trials } = this.#deps.store;
    if (this.#automatic.isWanted) return true;
    return this.#open.length > 0 || unsaved.length > 0 || trials.kept.items.length > 0;
  }

  async #leadWhileOpen(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    // An abort is stored from where it was asked for, also while somebody else leads.
    const tending = this.#repeat(until, async () => {
      if (!this.#deps.table.isHeld) await this.#serial.run(() => this.#tend());
      return !this.#hasWork;
    }).then(() => over.abort());
    await this.#deps.leader.lead((held) => this.#lookUntil(held), until);
    // Work that has come just now, which the other of the two has seen, is for the next to lead.
    over.abort();
    await tending;
  }

  async #tend(): Promise<void> {
    await saveUnsaved(this.#deps);
    await endLateRetreats(this.#deps);
  }

  async #lookUntil(held: AbortSignal): Promise<void> {
    await this.#repeat(held, async () => {
      await this.#lookAtAll();
      return !this.#hasWork;
    });
    this.#leaveEnded();
    const leaving = [...this.#led.values()].map((led) => led.leave());
    this.#led.clear();
    // Whoever leads next reads it.
    await Promise.all(leaving);
  }

  /** Leads no longer what is over, and tells of it. */
  #leaveEnded(): void {
    const { store, asking, evidence } = this.#deps;
    const open = this.#open;
    for (const [id, led] of this.#led) {
      if (open.some((each) => each.id === id)) continue;
      led.end();
      this.#led.delete(id);
      const rollout = store.find(id);
      if (rollout !== undefined) void evidence.drop(rollout.spec.service);
      if (rollout !== undefined && hasEnded(rollout)) asking.hooks.tellEnd(rollout);
    }
  }

  /** Does something once a second until it says that it is done, or `signal` is aborted. */
  async #repeat(signal: AbortSignal, work: () => Promise<boolean>): Promise<void> {
    const { clock } = this.#deps;
    while (!signal.aborted) {
      const beganMs = clock.nowMs();
      const isDone = await work().catch((error: unknown) => this.#failed(error));
      if (isDone) return;
      await pause(clock, Math.max(0, beganMs + LOOK_EVERY_MS - clock.nowMs()), signal);
    }
  }

  /** Says it once, however often it is tried again. */
  #failed(error: unknown): false {
    const reason = errorText(error);
    if (reason !== this.#failure) this.#deps.log.warn("rollout.look-failed", { reason });
    this.#failure = reason;
    return false;
  }

  async #lookAtAll(): Promise<void> {
    if (this.#deps.table.isHeld) return;
    await this.#serial.run(() => this.#endTrials());
    await this.#serial.run(() => this.#automatic.look());
    this.#leaveEnded();
    await Promise.all(this.#open.map((each) => this.#lookAt(each)));
  }

  /** Takes back what nobody has confirmed in time; what has been changed since stays. */
  async #endTrials(): Promise<void> {
    const { store, table, log } = this.#deps;
    for (const trial of store.trials.due()) {
      const isBack = await table.takeBack(trial);
      log.warn("trial.over", { service: trial.service, isBack });
      await store.trials.end(trial.service);
    }
  }

  async #lookAt(rollout: Rollout): Promise<void> {
    const led = this.#led.get(rollout.id) ?? (await LedRollout.lead(rollout, this.#deps));
    this.#led.set(rollout.id, led);
    await led.look();
    await this.#serial.run(() => this.#decide(led)).catch((error: unknown) => led.failed(error));
  }

  /** undefined: it goes on alone. */
  #siblings(rollout: Rollout): readonly Sibling[] | undefined {
    const { group, service } = rollout.spec;
    if (group === undefined) return undefined;
    const there = siblingsOf(this.#deps.store, rollout);
    const names = group.services.filter((each) => each !== service);
    return names.map((name) => {
      const found = there.find(({ spec }) => spec.service === name);
      return siblingSeen(name, found, found && this.#led.get(found.id)?.wants);
    });
  }

  async #decide(led: LedRollout): Promise<void> {
    for (let decisions = 0; decisions < DECISIONS_MAX; decisions += 1) {
      const rollout = this.#deps.store.find(led.id);
      if (rollout === undefined || this.#deps.table.isHeld) return;
      const decision = led.decide(rollout, this.#siblings(rollout));
      if (decision.kind === "hold") return;
      const next = await carryOut(this.#deps, { rollout, decision });
      if (next === undefined || next === rollout) return;
      led.follow(next.step);
    }
  }
}

function isAborted({ phase }: Rollout): boolean {
  return phase === "aborted";
}
