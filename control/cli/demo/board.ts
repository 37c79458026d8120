import { percentText } from "../output.ts";
import { expectedBand, faultOf, SHOP_VERSIONS } from "./tally.ts";
import type { Tally } from "./tally.ts";

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
