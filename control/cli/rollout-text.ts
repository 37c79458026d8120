import type { RolloutView } from "../rollout/rollout-view.ts";
import { percentText, tableText } from "./output.ts";

/** A line for each rollout. */
export function rolloutsText(rollouts: readonly RolloutView[]): string {
  const head = ["ROLLOUT", "SERVICE", "FROM", "TO", "SHARE", "PHASE", "WHY"];
  const rows = rollouts.map((each) => {
    const { id, service, from, to, share, phase } = each;
    return [id, service, from, to, percentText(share), phase, whyText(each)];
  });
  return tableText(head, rows);
}

/** One rollout: where it stands, what the evidence says, and what was decided. */
export function rolloutText(rollout: RolloutView): string {
  const { id, service, from, to, strategy, stages, stage, phase, share, group } = rollout;
  const inGroup = group === undefined ? "" : `, in lock-step: ${group.join(", ")}`;
  const at =
    stage < stages.length ? `, in ${stages[stage]} (${stage + 1} of ${stages.length})` : "";
  const began = [rollout.started, "by", rollout.actor].join(" ");
  const rows = rollout.history.map(({ time, decision, rule, text, by, ...decided }) => {
    return [time, decision, percentText(decided.share), rule, by ?? "", text];
  });
  return [
    `${id}: ${service} from ${from} to ${to}, ${strategy}, begun ${began}${inGroup}`,
    `${phase} at ${percentText(share)}${at}: ${whyText(rollout)}`,
    ...evidenceLines(rollout),
    "",
    tableText(["TIME", "DECISION", "SHARE", "RULE", "BY", "WHY"], rows),
  ].join("\n");
}

/** One line for somebody who watches. */
export function progressText(rollout: RolloutView): string {
  const { phase, share, evidence } = rollout;
  const against =
    evidence === undefined
      ? ""
      : ` · evidence ${evidence.against.toPrecision(3)} of ${evidence.limit}`;
  return `${phase} at ${percentText(share)}${against} · ${whyText(rollout)}`;
}

/** Why it is where it is: `soaking: 20 s left`. */
export function whyText({ now, why, phase }: RolloutView): string {
  const isMoving = phase === "progressing" || phase === "retreating";
  const { rule, text } = isMoving ? (now ?? why) : why;
  return text === "" ? rule : `${rule}: ${text}`;
}

function evidenceLines({ evidence, seen }: RolloutView): readonly string[] {
  if (evidence === undefined) return [];
  const { against, limit, missing, excessFailures, excessRateMax, metrics } = evidence;
  const of = seen === undefined ? "" : `, of ${seen} sidecars`;
  const each = metrics.map((metric) => {
    const state = metric.fine ? "no worse" : "open";
    return `${metric.name} ${metric.against.toPrecision(3)} (${state})`;
  });
  const excess = `${excessFailures.toFixed(1)} failures more than at the old version's rate`;
  return [
    `evidence against it ${against.toPrecision(3)} of ${limit}${of}: ${each.join(", ")}`,
    `${excess}; its error rate is at most ${percentText(excessRateMax)} above`,
    ...missing.map((text) => `still to be shown: ${text}`),
  ];
}
