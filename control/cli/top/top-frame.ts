import { cut, fittedTable } from "../fitted-table.ts";
import type { Style, TerminalSize } from "../terminal.ts";
import { portionText, rateText } from "./figures.ts";
import type { Look } from "./look.ts";
import { TOP_COLUMNS } from "./top-rows.ts";
import type { TopRow } from "./top-rows.ts";
import { shownRows } from "./top-state.ts";
import type { TopMode, TopState } from "./top-state.ts";

/** From this part of failed requests on it is a matter of some urgency. */
const BAD_ERRORS = 0.01;

const KEYS = "s shift  d drain  r ready  p pause  a abort  / find  o order  ? help  q quit";

const HELP = [
  "↑ ↓       choose a version",
  "s         shift: v2=10% gives it a share, v1=80 a weight",
  "d         drain: no new sessions; what is open ends as its service says",
  "r         ready: traffic again, the way back from a drain",
  "p         pause the service's rollout: it stays at its weight",
  "a         abort: everything back to the old version, of a rollout or to stable",
  "c         confirm the service's shift, which is taken back otherwise",
  "/         find: only services whose names have this in them; Escape: all",
  "o         order: by name, rate or errors",
  "q         quit",
  "",
  "Every act says first what it would do, and waits for y.",
  "RATE/S, ERRORS, P50 and P99 look back 10 s; OPEN and TUNNELS are now.",
  "UP: endpoints that take traffic, of all. SHARE: after states and health.",
];

/** A frame of exactly as many lines as the terminal has, none of them wider. */
export function topFrame(state: TopState, size: TerminalSize, style: Style): readonly string[] {
  const { columns, rows } = size;
  const { look, mode } = state;
  const head = headLines(look, columns, style);
  const foot = footLines(state, columns, style);
  const room = Math.max(0, rows - head.length - foot.length);
  const body = mode.kind === "help" ? HELP : tableLines(state, columns, room, style);
  const shown = body
    .slice(0, room)
    .map((line) => (mode.kind === "help" ? cut(line, columns) : line));
  const blanks = Array.from<string>({ length: room - shown.length }).fill("");
  return [...head, ...shown, ...blanks, ...foot].slice(0, rows);
}

/** The sidecar in two lines: how much there is, and whether all is well. */
function headLines(look: Look | undefined, columns: number, style: Style): readonly string[] {
  if (look === undefined) return [style("bold", cut("sluice: connecting …", columns)), ""];
  const title = cut(titleText(look), columns);
  const { lost, problems, isReady } = look;
  if (lost !== undefined) return [style("bold", title), style("red", cut(lost, columns))];
  const [first] = problems;
  if (first === undefined) return [style("bold", title), cut(isReady ? "ready" : "", columns)];
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more: sluice status)` : "";
  const problem = `${cut(`problem: ${first}`, Math.max(1, columns - more.length))}${more}`;
  return [style("bold", title), style("yellow", cut(problem, columns))];
}

/** Sums over all services. */
function titleText({ api, revision, services, stats }: Look): string {
  const all = Object.values(stats?.services ?? {});
  const rate = all.reduce((sum, each) => sum + each.rate, 0);
  const errors = all.reduce((sum, each) => sum + each.rate * each.errors, 0);
  const tunnels = all.reduce((sum, each) => sum + each.tunnels, 0);
  const place = api.replace(/^https?:\/\//, "");
  const count = services.length === 1 ? "1 service" : `${services.length} services`;
  const isKnown = (stats?.windowMs ?? 0) > 0;
  const failed = portionText(rate === 0 ? 0 : errors / rate);
  const flow = `${rateText(isKnown ? rate : undefined)}/s  errors ${failed}`;
  return `sluice ${place}  revision ${revision}  ${count}  ${flow}  tunnels ${tunnels}`;
}

function tableLines(
  state: TopState,
  columns: number,
  room: number,
  style: Style,
): readonly string[] {
  const { rows, chosen } = shownRows(state);
  const table = { columns: TOP_COLUMNS, rows: rows.map(({ cells }) => cells) };
  const [head = "", ...lines] = fittedTable(table, columns);
  if (state.look !== undefined && rows.length === 0) {
    const text =
      state.find === "" ? "no services yet" : `no service has "${state.find}" in its name`;
    return [style("dim", head), cut(text, columns)];
  }
  const visible = Math.max(1, room - 1);
  const first = firstVisible(chosen, visible, rows.length);
  const shown = lines.slice(first, first + visible).map((line, index) => {
    const at = first + index;
    const row = rows[at];
    return row === undefined ? line : styled(line, row, at === chosen, { columns, style });
  });
  return [style("dim", head), ...shown];
}

/** The chosen row stays in the middle, where there is more than fits. */
function firstVisible(chosen: number, visible: number, all: number): number {
  const middle = chosen - Math.floor(visible / 2);
  return Math.max(0, Math.min(middle, all - visible));
}

function styled(
  line: string,
  row: TopRow,
  isChosen: boolean,
  { columns, style }: { readonly columns: number; readonly style: Style },
): string {
  if (isChosen) return style("inverse", line.padEnd(columns));
  if (row.errors >= BAD_ERRORS) return style("red", line);
  if (row.isSpecial) return style("yellow", line);
  return row.version === undefined ? style("bold", line) : line;
}

/** What can be typed, or what is to be answered; above it what that is about. */
function footLines(state: TopState, columns: number, style: Style): readonly string[] {
  const { mode, message, look } = state;
  const about = mode.kind === "confirm" ? ["", ...mode.about] : [];
  const missing = look?.stats?.countsMissing;
  const told = message ?? (missing === undefined ? undefined : { text: missing, isError: true });
  const lines = told === undefined ? [] : told.text.split("\n");
  const said = lines.map((line) =>
    style(told?.isError === true ? "red" : "green", cut(line, columns)),
  );
  return [
    ...about.map((line) => cut(line, columns)),
    ...(mode.kind === "look" ? said : []),
    style("dim", cut(promptText(mode), columns)),
  ];
}

function promptText(mode: TopMode): string {
  switch (mode.kind) {
    case "look":
      return KEYS;
    case "help":
      return "any key: back";
    case "find":
      return `find: ${mode.text}_   (Enter: keep, Escape: all)`;
    case "shift":
      return `shift ${mode.service} ${mode.text}_   (such as v2=10%; Enter: plan, Escape: no)`;
    case "confirm":
      return "y: do it   any other key: no";
    case "wait":
      return mode.text;
  }
}
