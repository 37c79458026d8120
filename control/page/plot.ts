import uPlot from "uplot";
import { colourOf } from "./colours.ts";
import { PAST_MS } from "./past.ts";
import type { Mark, Series } from "./past.ts";

/** Lines are told apart by their dashes too. */
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 4], [1, 4]];

/** The least that a plot shows: in less nobody would see a course. */
const SHORTEST_S = 120;

/** What a plot shows. */
export type PlotOptions = {
  readonly versions: readonly string[];
  readonly unit: string;
  readonly width: number;
  readonly height: number;
};

/** A chart over the last quarter of an hour, with a line where something happened. */
export class Plot {
  readonly #plot: uPlot;
  #marks: readonly Mark[] = [];

  constructor(place: HTMLElement, { versions, unit, width, height }: PlotOptions) {
    const [ink, rule] = [colourOf("--faint"), colourOf("--rule")];
    const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule } };
    const options: uPlot.Options = {
      width,
      height,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: true, range: lastWhile }, y: { range: fromZero } },
      axes: [
        { ...axis, space: 70, values: clockTicks },
        { ...axis, size: 56, values: (_plot, ticks) => ticks.map((tick) => `${tick}${unit}`) },
      ],
      series: [{}, ...versions.map((label, at) => lineOf(label, at))],
      hooks: { draw: [(plot) => this.#drawMarks(plot)] },
    };
    this.#plot = new uPlot(options, emptyData(versions.length), place);
  }

  show(series: Series, marks: readonly Mark[]): void {
    this.#marks = marks;
    this.#plot.setData(series as unknown as uPlot.AlignedData);
  }

  resize(width: number, height: number): void {
    this.#plot.setSize({ width, height });
  }

  end(): void {
    this.#plot.destroy();
  }

  #drawMarks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colourOf("--ink");
    ctx.setLineDash([2, 2]);
    for (const { atMs } of this.#marks) {
      const x = plot.valToPos(atMs / 1_000, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }
}

function lineOf(label: string, at: number): uPlot.Series {
  const dash = [...(DASHES[at % DASHES.length] ?? [])];
  const stroke = colourOf(`--line-${at % DASHES.length}`);
  return { label, stroke, width: 2, dash, points: { show: false }, spanGaps: false };
}

/** The last quarter of an hour, or less if there is less to see. */
function lastWhile(_plot: uPlot, first: number | null): uPlot.Range.MinMax {
  const now = Date.now() / 1_000;
  const earliest = Math.min(first ?? now, now - SHORTEST_S);
  return [Math.max(earliest, now - PAST_MS / 1_000), now];
}

function fromZero(_plot: uPlot, _min: number, max: number): uPlot.Range.MinMax {
  return [0, max > 0 ? max * 1.1 : 1];
}

function clockTicks(_plot: uPlot, ticks: readonly number[]): string[] {
  const isWhole = ticks.every((tick) => tick % 60 === 0);
  return ticks.map((tick) => {
    const at = new Date(tick * 1_000);
    const parts = [at.getHours(), at.getMinutes(), ...(isWhole ? [] : [at.getSeconds()])];
    return parts.map((part) => String(part).padStart(2, "0")).join(":");
  });
}

function emptyData(versions: number): uPlot.AlignedData {
  return Array.from({ length: versions + 1 }, () => []) as unknown as uPlot.AlignedData;
}
