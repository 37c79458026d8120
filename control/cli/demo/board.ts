import { percentText, tableText } from "../output.ts";
import { expectedBand, faultOf, SHOP_VERSIONS } from "./tally.ts";
import type { Tally } from "./tally.ts";

const HEAD = [
  "STEP",
  "V2 SHARE",
  "V2 ANSWERS",
  "EXPECTED",
  "REQUESTS",
  "ERRORS",
  ...SHOP_VERSIONS.flatMap((version) => [`${version} p50`, `${version} p99`]),
];

/** All steps so far as a table. */
export function boardText(tallies: readonly Tally[]): string {
  return tableText(HEAD, tallies.map(boardRow));
}

/** One finished step as a line. */
export function stepText(tally: Tally): string {
  const [least, most] = expectedBand(tally);
  const latencies = SHOP_VERSIONS.filter((version) => tally.countOf(version) > 0).map(
    (version) => `${version} p50 ${latencyText(tally, version)} p99 ${p99Text(tally, version)}`,
  );
  return [
    `v2 at ${placeText(tally)}: ${tally.countOf("v2")} of ${tally.answers} answers`,
    ` (expected ${bandText(least, most)}), ${tally.errors} errors, ${latencies.join(", ")}`,
    ` - ${faultOf(tally) ?? "ok"}`,
  ].join("");
}

/** One finished step for programs. */
export function stepJson(tally: Tally): object {
  const [least, most] = expectedBand(tally);
  return {
    share: tally.share,
    sidecar: tally.sidecar,
    answers: Object.fromEntries(SHOP_VERSIONS.map((each) => [each, tally.countOf(each)])),
    expected: { version: "v2", from: least, to: most },
    errors: tally.errors,
    latency: Object.fromEntries(SHOP_VERSIONS.map((each) => [each, tally.latencyOf(each)])),
    fault: faultOf(tally),
  };
}

/** Draws a text over the one that it drew before, where a terminal can. */
export class Redraw {
  readonly #write: (text: string) => void;
  #linesDrawn = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  draw(text: string): void {
    // Up to the first line, and clear from there: ECMA-48 CPL and ED.
    const up = this.#linesDrawn > 0 ? `\u001B[${this.#linesDrawn}F\u001B[J` : "";
    this.#linesDrawn = text.split("\n").length;
    this.#write(`${up}${text}\n`);
  }
}

function boardRow(tally: Tally): (string | number)[] {
  const share = tally.answers === 0 ? 0 : tally.countOf("v2") / tally.answers;
  const [least, most] = expectedBand(tally);
  return [
    placeText(tally),
    percentText(share),
    tally.countOf("v2"),
    bandText(least, most),
    tally.answers + tally.errors,
    tally.errors,
    ...SHOP_VERSIONS.flatMap((each) => [latencyText(tally, each), p99Text(tally, each)]),
  ];
}

/** `10 %`, or `10 % in a` with more than one sidecar. */
function placeText({ share, sidecar }: Tally): string {
  return sidecar === undefined ? percentText(share) : `${percentText(share)} in ${sidecar}`;
}

function bandText(least: number, most: number): string {
  return least === most ? `${least}` : `${least} to ${most}`;
}

function latencyText(tally: Tally, version: string): string {
  return tally.countOf(version) === 0 ? "-" : `${tally.latencyOf(version).p50Ms.toFixed(1)} ms`;
}

function p99Text(tally: Tally, version: string): string {
  return tally.countOf(version) === 0 ? "-" : `${tally.latencyOf(version).p99Ms.toFixed(1)} ms`;
}
