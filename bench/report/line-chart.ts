/** One line of a chart. */
export type ChartLine = {
  readonly title: string;
  /** x: a count from 0 up. y: from 0 up. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
};

/** What a chart shows. */
export type Chart = {
  readonly title: string;
  /** Unit of the vertical axis. */
  readonly unit: string;
  /** Where and when it was measured; printed below the chart. */
  readonly note: string;
  readonly lines: readonly ChartLine[];
};

const WIDTH = 760;
const HEIGHT = 400;
const PLOT = { left: 60, right: 560, top: 50, bottom: 330 };
/** Least distance between the names of two lines, in pixels: they stand at the lines' ends. */
const NAME_HEIGHT = 18;
/** Legible on white and on black, and for people who confuse red and green (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const STYLE = `text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:16px;font-weight:600}
.note{font-size:11px;fill:#666}.rule{stroke:#ddd}.line{fill:none;stroke-width:2}
@media(prefers-color-scheme:dark){text{fill:#ddd}.note{fill:#999}.rule{stroke:#444}}`;

/**
 * Draws lines over a logarithmic horizontal axis (of 1 + x, so that 0 has a place) and a vertical
 * one that begins at 0: growth must not look larger than it is.
 */
export function lineChart(chart: Chart): string {
  const { lines } = chart;
  const points = lines.flatMap((line) => line.points);
  const xMax = Math.max(1, ...points.map(({ x }) => x));
  const step = niceStep(Math.max(...points.map(({ y }) => y), 0));
  const yMax = Math.max(step, Math.ceil(Math.max(...points.map(({ y }) => y), 0) / step) * step);
  const place = (point: { x: number; y: number }): readonly [number, number] => [
    between(PLOT.left, PLOT.right, Math.log1p(point.x) / Math.log1p(xMax)),
    between(PLOT.bottom, PLOT.top, point.y / yMax),
  ];
  const ticks = [0, 1, 10, 100, 1_000, 10_000, 100_000].filter((x) => x <= xMax);
  const parts = [
    text(PLOT.left, 24, chart.title, "title"),
    text(PLOT.left, PLOT.top - 10, chart.unit),
    text(PLOT.left, HEIGHT - 14, chart.note, "note"),
    ...horizontalRules(step, yMax),
    ...ticks.map((x) => text(place({ x, y: 0 })[0], PLOT.bottom + 22, number(x), "", "middle")),
    ...lines.flatMap((line, index) => drawLine(line, index, place)),
    ...drawNames(lines, place),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">
<title>${escape(chart.title)}</title>
<style>${STYLE}</style>
${parts.join("\n")}
</svg>
`;
}

/** A step of 1, 2 or 5 times a power of ten, of which at most 6 reach `max`. */
export function niceStep(max: number): number {
  if (max <= 0) return 1;
  const raw = max / 6;
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 5].find((factor) => factor * power >= raw) ?? 10) * power;
}

function horizontalRules(step: number, yMax: number): readonly string[] {
  const count = Math.round(yMax / step);
  return Array.from({ length: count + 1 }, (_, index) => {
    const y = between(PLOT.bottom, PLOT.top, index / count);
    const rule = `<line class="rule" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y}" y2="${y}"/>`;
    const value = Number((index * step).toPrecision(6));
    return `${rule}\n${text(PLOT.left - 8, y + 4, number(value), "", "end")}`;
  });
}

type Place = (point: { x: number; y: number }) => readonly [number, number];

function drawLine({ points }: ChartLine, index: number, place: Place): readonly string[] {
  const colour = colourOf(index);
  const places = points.map(place);
  const path = places.map(([x, y]) => `${x},${y}`).join(" ");
  return [
    `<polyline class="line" stroke="${colour}" points="${path}"/>`,
    ...places.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`),
  ];
}

/** Names beside the ends of the lines, moved apart where lines end close together. */
function drawNames(lines: readonly ChartLine[], place: Place): readonly string[] {
  const ends = lines
    .flatMap(({ title, points }, index) => {
      const end = points.at(-1);
      return end === undefined ? [] : [{ title, index, y: place(end)[1] }];
    })
    .toSorted((a, b) => a.y - b.y);
  let free = PLOT.top;
  return ends.map(({ title, index, y }) => {
    const at = Math.max(y, free);
    free = at + NAME_HEIGHT;
    const bullet = `<circle cx="${PLOT.right + 16}" cy="${at}" r="4" fill="${colourOf(index)}"/>`;
    return `${bullet}\n${text(PLOT.right + 26, at + 4, title)}`;
  });
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

function between(from: number, to: number, share: number): number {
  return Math.round((from + (to - from) * share) * 10) / 10;
}

function text(x: number, y: number, content: string, style = "", anchor = "start"): string {
  const className = style === "" ? "" : ` class="${style}"`;
  return `<text x="${x}" y="${y}"${className} text-anchor="${anchor}">${escape(content)}</text>`;
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
