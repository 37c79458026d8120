import { errorText } from "../../proxy/base/error-text.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Forecast } from "../analysis/forecast.ts";
import type { RolloutVerdict } from "../analysis/verdict.ts";
import type { Events } from "../records/events.ts";
import type { DecisionLog } from "./decision-log.ts";
import type { Freezes } from "./freezes.ts";
import { questionOf } from "./hooks.ts";
import type { MetricWatch } from "./metric-watch.ts";
import type { RolloutAsking } from "./rollout-asking.ts";
import { servingOf } from "./judging.ts";
import type { Judging, Serving } from "./judging.ts";
import { secondEntry, rolloutState } from "./look-entry.ts";
import type { SecondEntry } from "./look-entry.ts";
import type { KeptEvidence } from "./kept-evidence.ts";
import { LastSeen } from "./last-seen.ts";
import type { Counting, Observations, UnseenSidecar } from "./observations.ts";
import { recall } from "./recall.ts";
import type { Recalled } from "./recall.ts";
import { shareWanted } from "./group.ts";
import type { Sibling } from "./group.ts";
import { ownDecision, reconcile, reconcileAlone } from "./reconcile.ts";
import type { Decision } from "./decision.ts";
import type { Observation } from "./observation.ts";
import { hasEnded, wantedShare } from "./rollout.ts";
import type { Rollout, Step } from "./rollout.ts";
import type { Why } from "./why.ts";
import { freezeText } from "./rollout-errors.ts";
import type { RolloutTable } from "./rollout-table.ts";

/** What leading a rollout works with. */
export type LeadDeps = {
  readonly table: RolloutTable;
  readonly observations: Observations;
  readonly decisions: DecisionLog;
  readonly evidence: KeptEvidence;
  readonly asking: RolloutAsking;
  readonly events: Pick<Events, "emit">;
  readonly freezes: Pick<Freezes, "of">;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * How often the evidence is kept for whoever leads next. Each time costs Consul a write of 5 to 40
 * KB, and what has come since then is lost with this process.
 */
const KEEP_EVERY_MS = 10_000;

/** A rollout that is no older has seen nothing yet. */
const BEGUN_MS = 5_000;

/** Seconds that wait for a look to be noted with: an upgrade holds looks up for less. */
const UNNOTED_MAX = 120;

/** With less than this part of the sidecars seen, no weight grows: what it costs is not known. */
const SEEN_PART_MIN = 0.5;

/** A forecast occupies the process for a tenth of a second, however many people want to know. */
const FORECAST_EVERY_MS = 10_000;

/** What is known of a rollout beside what is stored. */
export type LiveView = {
  /** Why it is where it is now. */
  readonly why: Why;
  /** When that was decided, in milliseconds since the Unix epoch. Absent: before the first look. */
  readonly decidedMs?: number;
  /** undefined: stable has not been watched for long enough. */
  readonly verdict: RolloutVerdict | undefined;
  /** Of how many sidecars the last second was, and of how many there are. */
  readonly seen: number;
  readonly of: number;
  /** Some of the others, and why. Absent: there are none. */
  readonly unseen?: readonly UnseenSidecar[];
  /** When the evidence began, in milliseconds since the Unix epoch. Absent: with the rollout. */
  readonly anewMs?: number;
  /** Absent: the evidence is of this sidecar alone. */
  readonly takenOver?: TakenOver;
};

/** Evidence that another one has left, in milliseconds since the Unix epoch. */
export type TakenOver = {
  /** It is that up to there, */
  readonly untilMs: number;
  /** and goes on from there. undefined: no second has come yet. */
  readonly fromMs: number | undefined;
};

/**
 * One rollout as whoever leads it sees it: counts its seconds, judges them, and decides. The
 * evidence outlives a process with the log of what it has decided, and with what it keeps for
 * others; without either it begins anew, at the step that is stored.
 */
export class LedRollout {
  readonly id: string;
  readonly #service: string;
  readonly #deps: LeadDeps;
  readonly #counting: Counting;
  readonly #judging: Judging;
  /** undefined: it goes by no numbers of others. */
  readonly #metrics: MetricWatch | undefined;
  #step: Step;
  readonly #lastSeen: LastSeen;
  #live: LiveView;
  /** Seconds since the last look that was noted. */
  readonly #unnoted: SecondEntry[] = [];
  #forecast: Forecast | undefined;
  #wants: number | undefined;
  #foreseenMs = -Infinity;
  #keptMs: number;
  #endpoints = 0;

  /** Leads it from now on, with what was seen before if that is known here. Never rejects. */
  static async lead(rollout: Rollout, deps: LeadDeps): Promise<LedRollout> {
    return new LedRollout(rollout, deps, await recall(rollout, deps));
  }

  private constructor(rollout: Rollout, deps: LeadDeps, recalled: Recalled) {
    const { service, from, to } = rollout.spec;
    this.id = rollout.id;
    this.#deps = deps;
    this.#service = service;
    this.#judging = recalled.judging;
    const versions = { stable: from, canary: to };
    this.#counting = deps.observations.begin(service, versions, recalled.after);
    this.#metrics = deps.asking.watch(rollout.spec);
    this.#step = rollout.step;
    this.#keptMs = deps.clock.nowMs();
    this.#lastSeen = new LastSeen(this.#keptMs);
    const begun = noteBegin(rollout, recalled.from, deps);
    this.#live = { why: rollout.why, verdict: undefined, seen: 0, of: 0, ...begun };
  }

  get live(): LiveView {
    return this.#live;
  }

  /**
   * What is to come, at most FORECAST_EVERY_MS old. undefined: it does not go by evidence, or has
   * not begun to.
   */
  forecast(rollout: Rollout): Forecast | undefined {
    const { clock } = this.#deps;
    const goesByEvidence = rollout.spec.stages[rollout.stage]?.kind === "evidence";
    if (!goesByEvidence || rollout.phase !== "progressing") return undefined;
    if (clock.nowMs() - this.#foreseenMs >= FORECAST_EVERY_MS) {
      this.#foreseenMs = clock.nowMs();
      this.#forecast = this.#judging.forecast();
    }
    return this.#forecast;
  }

  /** Takes what has been counted since the last look. Never rejects. */
  async look(): Promise<void> {
    const step = this.#step;
    const taken = await this.#counting.take();
    if (taken.kind === "missing") {
      this.#lastSeen.missing(taken.reason);
      return;
    }
    const { seconds, seen, of, unseen } = taken;
    this.#live = { ...this.#live, seen, of, unseen };
    // Seconds that began under another weight tell nothing of this one.
    if (step !== this.#step || seconds.length === 0) return;
    this.#lastSeen.seen(this.#deps.clock.nowMs());
    for (const second of seconds) {
      this.#judging.add(second, step);
      this.#unnoted.push(secondEntry(second, step));
    }
    this.#unnoted.splice(0, this.#unnoted.length - UNNOTED_MAX);
    this.#goOn(seconds.length);
  }

  /** The share that it wanted at its last look in its group. undefined: that it has. */
  get wants(): number | undefined {
    return this.#wants;
  }

  /** What follows from all that is known now. `siblings`: the others of its group. */
  decide(rollout: Rollout, siblings?: readonly Sibling[]): Decision {
    this.follow(rollout.step);
    const atMs = this.#deps.clock.wallMs();
    const seenAlone = { ...this.#observe(rollout), siblings };
    const question = questionOf(rollout, ownDecision(rollout, seenAlone, atMs));
    const hook = question && this.#deps.asking.hooks.ask(rollout, question);
    const observation = { ...seenAlone, hook };
    const decision = reconcile(rollout, observation, atMs);
    this.#wants = siblings && shareWanted(reconcileAlone(rollout, observation, atMs));
    // What the seconds say is judged again where it is replayed.
    const { verdict, breach: _breach, shareMax: _max, canaryRequests: _of, ...sight } = observation;
    const seconds = this.#unnoted.splice(0);
    const seen = { seconds, endpoints: this.#newPlaces, ...sight };
    const state = rolloutState(rollout);
    this.#deps.decisions.note({ kind: "look", atMs, id: this.id, state, ...seen, decision });
    this.#live = { ...this.#live, why: decision.why, decidedMs: atMs, verdict };
    return decision;
  }

  /** A step is in force. One that was already changes nothing. */
  follow(step: Step): void {
    if (step.number === this.#step.number) return;
    this.#step = step;
    this.#judging.begin(step);
    this.#counting.restart();
  }

  /** What was decided could not be carried out; the next look tries again. */
  failed(error: unknown): void {
    const text = errorText(error);
    const { why } = this.#live;
    if (why.rule !== "not-written" || why.text !== text) {
      this.#deps.log.warn("rollout.not-written", { rollout: this.id, reason: text });
    }
    this.#live = { ...this.#live, why: { rule: "not-written", text } };
  }

  /** Nobody leads it here any more. */
  end(): void {
    this.#counting.end();
    this.#metrics?.end();
  }

  /** The same, and another one may go on with it. Resolves when its evidence is kept, or cannot. */
  async leave(): Promise<void> {
    this.end();
    await this.#keep();
  }

  /** Keeps what has been seen, now and then, and says where that goes on. */
  #goOn(seconds: number): void {
    const { takenOver } = this.#live;
    if (takenOver !== undefined && takenOver.fromMs === undefined) {
      const fromMs = 1_000 * (this.#counting.upTo.untilS + 1 - seconds);
      this.#live = { ...this.#live, takenOver: { ...takenOver, fromMs } };
    }
    if (this.#deps.clock.nowMs() - this.#keptMs >= KEEP_EVERY_MS) void this.#keep();
  }

  #keep(): Promise<void> {
    const { clock, evidence } = this.#deps;
    this.#keptMs = clock.nowMs();
    return evidence.keep(this.#service, () => ({
      id: this.id,
      atMs: clock.wallMs(),
      step: this.#step.number,
      judging: this.#judging.state,
      ...this.#counting.upTo,
    }));
  }

  /** The canary's endpoints by place, if there are more than were noted. */
  get #newPlaces(): readonly string[] | undefined {
    const { endpoints } = this.#counting.upTo;
    if (endpoints.length === this.#endpoints) return undefined;
    this.#endpoints = endpoints.length;
    return endpoints;
  }

  #observe(rollout: Rollout): Observation {
    const table = this.#deps.table.sight(rollout.spec);
    const freeze = this.#deps.freezes.of(rollout.spec.service);
    return {
      table,
      ...this.#judged(rollout, servingOf(table)),
      canaryRequests: this.#judging.canaryRequests,
      frozen: freeze && freezeText(freeze),
      fewSeen: lackOfSeen(this.#live),
      ...this.#lastSeen.at(this.#deps.clock.nowMs(), table?.canaryEndpoints ?? 0),
      readings: this.#metrics?.readings,
    };
  }

  /** A judge that fails is no reason to go on, nor to end everything. */
  #judged(
    rollout: Rollout,
    serving: Serving,
  ): Pick<Observation, "verdict" | "breach" | "shareMax"> {
    if (hasEnded(rollout)) return { verdict: this.#live.verdict, breach: undefined };
    try {
      this.#judging.look(serving);
      const verdict = this.#judging.verdict(rollout.step);
      const { breach, shareMax } = this.#judging;
      return { verdict, breach, shareMax };
    } catch (error) {
      this.#deps.log.error("rollout.judge-failed", { rollout: this.id, reason: errorText(error) });
      return { verdict: undefined, breach: undefined };
    }
  }
}

/** Notes that it is led from here on, and tells when what was seen before is lost. */
function noteBegin(
  rollout: Rollout,
  from: Recalled["from"],
  { decisions, clock, log, events }: LeadDeps,
): Pick<LiveView, "anewMs" | "takenOver"> {
  const atMs = clock.wallMs();
  const goesOn = from === "log";
  const evidence = from === "log" ? undefined : from;
  decisions.note({ kind: "begin", atMs, rollout, ...(goesOn && { goesOn }), evidence });
  if (evidence !== undefined) {
    const untilMs = 1_000 * (evidence.untilS + 1);
    return { takenOver: { untilMs, fromMs: undefined } };
  }
  if (goesOn || atMs - rollout.startedMs <= BEGUN_MS || hasEnded(rollout)) return {};
  const { id, spec, phase } = rollout;
  const text = "what was seen before is not known to this sidecar";
  const about = { rollout: id, phase, share: wantedShare(rollout), rule: "evidence-anew", text };
  log.warn("rollout.evidence-anew", { service: spec.service, ...about });
  events.emit({ kind: "rollout", services: [spec.service], ...about });
  return { anewMs: atMs };
}

/** Why it is where it is now: what somebody has decided since the last look is not known there. */
export function whyNow(rollout: Rollout, live: LiveView | undefined): Why | undefined {
  const { atMs = 0 } = rollout.history.at(-1) ?? {};
  const isLate = live?.decidedMs !== undefined && live.decidedMs < atMs;
  return isLate ? rollout.why : live?.why;
}

/** undefined: enough of them are seen. */
function lackOfSeen({ seen, of, unseen = [] }: LiveView): string | undefined {
  if (seen >= of * SEEN_PART_MIN) return undefined;
  return `only ${seen} of ${of} sidecars are seen: ${unseenText(unseen)}`;
}

/** `b (it did not answer in time), c (…)` */
export function unseenText(unseen: readonly UnseenSidecar[]): string {
  return unseen.map(({ sidecar, reason }) => `${sidecar} (${reason})`).join(", ");
}
