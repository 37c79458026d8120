import type { Forecast, Interval } from "../analysis/forecast.ts";
import type { RolloutVerdict } from "../analysis/verdict.ts";
import { briefText, pointsText, shareText } from "../analysis/rate-text.ts";
import { unseenText, whyNow } from "./led-rollout.ts";
import type { LiveView } from "./led-rollout.ts";
import { wantedShare } from "./rollout.ts";
import type { Decided, Rollout, RolloutSpec } from "./rollout.ts";
import type { Why } from "./why.ts";

/** What is known of a rollout where it is led. */
export type Known = {
  readonly live: LiveView;
  /** undefined: there is nothing to foresee. */
  readonly forecast: Forecast | undefined;
};

/**
 * A rollout in sentences with its numbers. `known` undefined: it is led elsewhere, or has ended.
 * Times are UTC.
 */
export function explainRollout(rollout: Rollout, known: Known | undefined): readonly string[] {
  return [
    ...whereLines(rollout, whyNow(rollout, known?.live)),
    ...seenLines(known?.live),
    ...anewLines(known?.live),
    ...takenOverLines(known?.live),
    ...evidenceLines(rollout, known?.live.verdict),
    ...(known?.forecast === undefined ? [] : [forecastLine(rollout.spec, known.forecast)]),
    "What was decided:",
    ...rollout.history.map(decidedLine),
  ];
}

function whereLines(rollout: Rollout, now: Why | undefined): readonly string[] {
  const { spec, phase, step, actor, reason, startedMs } = rollout;
  const { service, from, to } = spec;
  const because = reason === undefined ? "" : `: ${reason}`;
  const began = `${service} moves from ${from} to ${to} since ${timeOf(startedMs)}`;
  const share = shareText(wantedShare(rollout));
  const where = `${to} has ${share} of what both get, since ${timeOf(step.sinceMs)}`;
  const isMoving = phase === "progressing" || phase === "retreating";
  const why = isMoving && now !== undefined ? now : rollout.why;
  return [
    `${began}, as ${actor} asked${because}.`,
    `It is ${phase}: ${where}.`,
    `Why it is there: ${whyText(why)}.`,
    ...(rollout.released ? ["Somebody has taken the service over; `resume` takes it back."] : []),
    ...(rollout.settled ? [] : ["The table does not show that yet."]),
  ];
}

/** Whose requests it goes by, unless all are there. */
function seenLines(live: LiveView | undefined): readonly string[] {
  if (live === undefined || live.seen >= live.of) return [];
  const { seen, of, unseen = [] } = live;
  const why = unseen.length === 0 ? "" : `: without ${unseenText(unseen)}`;
  return [`The last second is of ${seen} of ${of} sidecars${why}.`];
}

function anewLines(live: LiveView | undefined): readonly string[] {
  if (live?.anewMs === undefined) return [];
  return [`The evidence is that from ${timeOf(live.anewMs)} on: what was seen before is lost.`];
}

function takenOverLines(live: LiveView | undefined): readonly string[] {
  if (live?.takenOver === undefined) return [];
  const { untilMs, fromMs } = live.takenOver;
  const until = `The evidence until ${timeOf(untilMs)} is that of whoever led it before`;
  if (fromMs === undefined) return [`${until}; nothing has been counted since.`];
  const lostS = Math.max(0, Math.round((fromMs - untilMs) / 1_000));
  return [
    lostS === 0 ? `${until}; it goes on from there.` : `${until}; ${lostS} s after it are lost.`,
  ];
}

/** None with all of the traffic: there is nothing to compare with, and nothing to be shown. */
function evidenceLines(rollout: Rollout, verdict: RolloutVerdict | undefined): readonly string[] {
  if (verdict === undefined || wantedShare(rollout) === 1) return [];
  const { from, to, policy } = rollout.spec;
  const { against, limit, metrics, excessFailures, excessError, excessRateMax } = verdict;
  const each = metrics.map(({ name, against: own, part, fine }) => {
    const shown = fine ? "no worse" : "not shown to be no worse";
    return `${name} ${briefText(own)} (counts ${shareText(part)}; ${shown})`;
  });
  const failed = `${briefText(excessFailures)} ± ${briefText(excessError)} failed requests more`;
  const { budgetFailures, excessMax } = policy.ramp;
  const rates = `${pointsText(excessRateMax)} above; ${pointsText(excessMax)} must be shown`;
  return [
    `Evidence against ${to}: ${briefText(against)}; at ${limit} it is aborted. ${each.join(", ")}.`,
    `${to} had ${failed} than at ${from}'s rate of the same seconds; ` +
      `it may cost ${budgetFailures}.`,
    `Its error rate is less than ${rates}.`,
    ...verdict.missing.map((text) => `Before it gets everything: ${text}.`),
  ];
}

function forecastLine({ to }: RolloutSpec, forecast: Forecast): string {
  const { endS, promoted, aborted, harm, nextWeight } = forecast;
  const ends = `${to} gets everything in ${shareText(promoted)} of the futures that are likely`;
  const costs = `${interval(harm)} failed requests more`;
  return (
    `If it goes on like this, it is over in ${interval(endS)} s: ${ends}, nothing in ` +
    `${shareText(aborted)}, at the cost of ${costs}; the next weight is ${shareText(nextWeight)}.`
  );
}

function decidedLine({ atMs, kind, share, by, ...why }: Decided): string {
  const who = by === undefined ? "" : ` by ${by}`;
  return `${timeOf(atMs)} ${kind}${who}, ${shareText(share)}: ${whyText(why)}`;
}

/** 9 of 10 lie within. */
function interval({ low, high }: Interval): string {
  const [least, most] = [low, high].map((each) =>
    each === Infinity ? "over 900" : briefText(each),
  );
  return least === most ? `${least}` : `${least} to ${most}`;
}

function whyText({ rule, text }: Why): string {
  return text === "" ? rule : `${text} (${rule})`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
