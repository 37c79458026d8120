import type { RolloutView } from "../rollout/rollout-view.ts";
import { percentText, tableText } from "./output.ts";
import { whyText } from "./rollout-text.ts";
import type { RolloutSeen, VersionNow } from "./rollout-watch.ts";

/** Cells of a bar. */
const BAR_CELLS = 30;

/** A forecast is broken at blanks to keep within this. */
const COLUMNS = 100;

const HEAD = ["VERSION", "SHARE", "ENDPOINTS", "REQUESTS/S", "FAILED", "P99", "UNDER WAY"];

/** A rollout as it is now: its steps, what the evidence says, what is to come, both versions. */
export function rolloutBoard({ rollout, forecast, versions }: RolloutSeen): string {
  const { id, service, from, to, strategy, phase, share } = rollout;
  return [
    `${id}: ${service} from ${from} to ${to}, ${strategy}`,
    stepsLine(rollout),
    "",
    `${phase}: ${whyText(rollout)}`,
    `${to.padEnd(12)} ${barText(share)} ${percentText(share)}`,
    ...evidenceLines(rollout),
    "",
    tableText(HEAD, versions.map(versionRow)),
    ...(forecast === undefined ? [] : ["", ...wrapped(forecast)]),
  ].join("\n");
}

/** What tells whether a line says something new: numbers that change all the time do not. */
export function changeOf({ phase, share, now, why, stage }: RolloutView): string {
  const { rule } = phase === "progressing" || phase === "retreating" ? (now ?? why) : why;
  return JSON.stringify([phase, share, stage, rule]);
}

/** `✓ weight 5 %  ▸ pause 60 s  · weight 25 %` */
function stepsLine({ stages, stage, phase }: RolloutView): string {
  const isOver = phase === "successful";
  return stages
    .map((text, index) => {
      if (isOver || index < stage) return `✓ ${text}`;
      return index === stage && phase !== "aborted" ? `▸ ${text}` : `· ${text}`;
    })
    .join("  ");
}

function evidenceLines({ evidence }: RolloutView): readonly string[] {
  if (evidence === undefined) return [];
  const { against, limit, excessFailures, missing } = evidence;
  // It multiplies: half of the way is the root.
  const part = Math.min(1, Math.max(0, Math.log(against) / Math.log(limit)));
  const numbers = `${against.toPrecision(3)} of ${limit}`;
  const excess = `${excessFailures.toFixed(1)} failures above the old version's rate`;
  return [
    `${"against it".padEnd(12)} ${barText(part)} ${numbers}, ${excess}`,
    ...missing.map((text) => `${"to be shown".padEnd(12)} ${text}`),
  ];
}

function versionRow(version: VersionNow): (string | number)[] {
  const { name, share, usable, endpoints, perSecond, failed, p99Ms, underWay } = version;
  return [
    name,
    percentText(share),
    `${usable} of ${endpoints}`,
    perSecond?.toFixed(1) ?? "-",
    failed === undefined ? "-" : percentText(failed),
    p99Ms === undefined ? "-" : `${p99Ms.toFixed(1)} ms`,
    underWay,
  ];
}

/** `██████░░░░`; what is above 0 shows. */
function barText(part: number): string {
  const full = part > 0 ? Math.max(1, Math.round(part * BAR_CELLS)) : 0;
  return "█".repeat(full) + "░".repeat(BAR_CELLS - full);
}

function wrapped(text: string): readonly string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines.splice(-1, 1, word);
    else if (line.length + word.length < COLUMNS) lines.splice(-1, 1, `${line} ${word}`);
    else lines.push(word);
  }
  return lines;
}
