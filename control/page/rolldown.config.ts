import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "rolldown";
import type { Plugin, RolldownOptions } from "rolldown";

/*
 * The page that the control API serves, in dist/control/page/: one script with its libraries
 * inside, one style sheet, one document.
 */

const own = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The document and the style sheet. */
const documents: Plugin = {
  name: "documents",
  generateBundle() {
    const style = smaller(readFileSync(own("page.css"), "utf8"));
    this.emitFile({ type: "asset", fileName: "control/page/page.css", source: style });
    const page = readFileSync(own("index.html"), "utf8");
    this.emitFile({ type: "asset", fileName: "control/page/index.html", source: page });
  },
};

/** Functions of it that are called and need do nothing: for its legend, cursor and other scales. */
const IDLE = [
  "addBand addSeries asinhAxisSplits cacheMouse clipBandLine closestIdxFromXpos dblClick",
  "delBand delSeries fmtDate hideSelect initCursorPt initLegendRow log10AxisValsFilt",
  "log2AxisValsFilt logAxisSplits mouseDown mouseMove mouseUp numAxisVals numSeriesVal",
  "points pub pubSync rangeAsinh rangeLog setAlpha setBand setFocus setLegend setSelect",
  "setSelH setSelV setSeries snapAsinhY snapLogY syncRect timeAxisStamps timeAxisVal",
  "timeAxisVals timeSeriesStamp timeSeriesVal toggleDOM updateCursor",
].flatMap((line) => line.split(" "));

/** What of the charts' library the page has no use for, and what stands there instead. */
const UNUSED: readonly (readonly [found: RegExp, instead: string])[] = [
  // Kinds of charts, and functions for who uses the library.
  [/^.*\b(?:paths\.(?:stepped|bars|spline)|uPlot\.(?:join|rangeLog|rangeAsinh))\b.*;$/gm, ""],
  // Its legend and cursor, and charts of points.
  [/const showLegend = .*;/g, "const showLegend = false;"],
  [/const showCursor = .*;/g, "const showCursor = false;"],
  [/\bmode == 2\b/g, "false"],
  [/\bmode == 1\b/g, "true"],
  ...IDLE.map(
    (name) =>
      [
        new RegExp(`\\bfunction ${name}\\(`, "g"),
        `function ${name}() {} function ${name}$unused(`,
      ] as const,
  ),
];

/** Leaves out of the library what the bundler cannot tell to be unused. */
const lines: Plugin = {
  name: "lines",
  transform(code, id) {
    if (!id.endsWith("/uPlot.esm.js")) return undefined;
    return UNUSED.reduce((rest, [found, instead]) => {
      if (rest.search(found) === -1)
        throw new Error(`Cannot trim uPlot: wanted ${found}, found none`);
      return rest.replaceAll(found, instead);
    }, code);
  },
};

/** A style sheet without comments and needless space. It has no strings with either. */
function smaller(css: string): string {
  return css
    .replaceAll(/\/\*[^]*?\*\//g, "")
    .replaceAll(/\s*\n\s*/g, "")
    .replaceAll(/: (?=[^{}]*[;}])/g, ":")
    .replaceAll(" {", "{");
}

/** What bundles it. `plugins`: to be used besides. */
export function pageBundle(plugins: readonly Plugin[]): RolldownOptions {
  return {
    platform: "browser",
    logLevel: "warn",
    input: { "control/page/page": own("main.tsx") },
    plugins: [documents, lines, ...plugins],
    output: { dir: "dist", format: "esm", minify: true, entryFileNames: "[name].js" },
  };
}

export default defineConfig(pageBundle([]));
