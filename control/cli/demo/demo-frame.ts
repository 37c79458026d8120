import { cut, fittedTable } from "../fitted-table.ts";
import type { FittedColumn } from "../fitted-table.ts";
import { percentText } from "../output.ts";
import type { Style, TerminalSize } from "../terminal.ts";
import { durationText } from "../top/figures.ts";
import type { Look } from "../top/look.ts";
import { TOP_COLUMNS, topRows } from "../top/top-rows.ts";
import { expectedBand, faultOf, SHOP_VERSIONS } from "./tally.ts";
import type { Tally } from "./tally.ts";

/** What a demo shows. */
export type DemoView = {
  /** Where everything is, a line each. */
  readonly places: readonly string[];
  /** The steps of this round; the last one is under way. */
  readonly tallies: readonly Tally[];
  /** What the sidecar says itself. undefined: nothing yet. */
  readonly look: Look | undefined;
};

const STEP_COLUMNS: readonly FittedColumn[] = [
  { head: "STEP", align: "left", drop: 0, flex: true, least: 8 },
  { head: "V2 GOT", align: "right", drop: 0 },
  { head: "V2 ANSWERS", align: "right", drop: 3 },
  { head: "EXPECTED", align: "right", drop: 3 },
  { head: "REQUESTS", align: "right", drop: 1 },
  { head: "ERRORS", align: "right", drop: 0 },
  ...SHOP_VERSIONS.flatMap((version): FittedColumn[] => [
    { head: `${version} P50`, align: "right", drop: 5 },
    { head: `${version} P99`, align: "right", drop: 2 },
  ]),
];

const LEGEND = [
  "Each step gives v2 that share of a load of 200 requests a second. V2 GOT is its",
  "part of the answers so far, EXPECTED what an exact split gives. None may fail.",
];

/** The steps as a table, none of its lines wider than `columns`. */
export function stepLines(tallies: readonly Tally[], columns: number): readonly string[] {
  return fittedTable({ columns: STEP_COLUMNS, rows: tallies.map(stepCells) }, columns);
}

/** A frame that fits: what there is no room for goes, the legend first. */
export function demoFrame(view: DemoView, size: TerminalSize, style: Style): readonly string[] {
  const { columns, rows } = size;
  const title = style(
    "bold",
    cut("sluice demo: from v1 to v2 under load; Ctrl-C ends it", columns),
  );
  const steps = headed(stepLines(view.tallies, columns), style);
  const now = nowLines(view.look, columns, style);
  const parts = [
    { lines: view.places.map((line) => cut(line, columns)), drop: 1 },
    { lines: ["", ...steps], drop: 0 },
    { lines: now.length === 0 ? [] : ["", ...now], drop: 2 },
    { lines: ["", ...LEGEND.map((line) => style("dim", cut(line, columns)))], drop: 3 },
  ];
  return [title, ...fitting(parts, rows - 1)].slice(0, rows);
}

type Part = { readonly lines: readonly string[]; readonly drop: number };

function fitting(parts: readonly Part[], room: number): readonly string[] {
  const lines = parts.flatMap((part) => part.lines);
  const last = parts.toSorted((a, b) => b.drop - a.drop)[0];
  if (lines.length <= room || last === undefined || last.drop === 0) return lines;
  return fitting(
    parts.filter((part) => part !== last),
    room,
  );
}

/** What the sidecar itself counts, as `sluice top` shows it. */
function nowLines(look: Look | undefined, columns: number, style: Style): readonly string[] {
  if (look === undefined) return [];
  const rows = topRows(look, "name", "").map(({ cells }) => cells);
  return headed(fittedTable({ columns: TOP_COLUMNS, rows }, columns), style);
}

function headed([head = "", ...lines]: readonly string[], style: Style): readonly string[] {
  return [style("dim", head), ...lines];
}

function stepCells(tally: Tally): readonly string[] {
  const share = tally.answers === 0 ? 0 : tally.countOf("v2") / tally.answers;
  const [least, most] = expectedBand(tally);
  const place = tally.sidecar === undefined ? "" : ` in ${tally.sidecar}`;
  return [
    percentText(tally.share) + place,
    percentText(share),
    String(tally.countOf("v2")),
    least === most ? `${least}` : `${least} to ${most}`,
    String(tally.answers + tally.errors),
    String(tally.errors),
    ...SHOP_VERSIONS.flatMap((version) => {
      const { p50Ms, p99Ms } = tally.latencyOf(version);
      const hasAny = tally.countOf(version) > 0;
      return [p50Ms, p99Ms].map((durationMs) => durationText(hasAny ? durationMs : undefined));
    }),
  ];
}

/** What came of it, and what to do next. Empty: nothing came of it. */
export function closingLines(finished: readonly Tally[]): readonly string[] {
  if (finished.length === 0) return [];
  const requests = finished.reduce((sum, tally) => sum + tally.answers + tally.errors, 0);
  const errors = finished.reduce((sum, tally) => sum + tally.errors, 0);
  const steps = finished.length === 1 ? "1 step" : `${finished.length} steps`;
  const isRight = finished.every((tally) => faultOf(tally) === undefined);
  const verdict = isRight ? "every share was as expected" : "not every share was as expected";
  return [
    `${requests} requests in ${steps}, ${errors} errors: ${verdict}.`,
    "",
    "Next:",
    "  README.md, Five minutes   two versions of your own, and a sidecar before them",
    "  sluice demo --consul      the same with two sidecars that share their table",
    "  sluice demo --rollout     the sidecar decides how far v2 may go",
  ];
}
