import type { Sickness } from "./sickness.ts";

/** What contenders are put to. */
export type Trial = {
  readonly name: string;
  readonly endpoints: readonly Sickness[];
  readonly requestsPerSecond: number;
  /** What their manuals have for it; absent: what every trial has. */
  readonly extra?: "canary" | "limits" | "buffer";
};

/** Requests a second where endpoints are not at their limit. */
const RATE = 200;

/** Endpoints of a version: four that are well, and this one. */
function oneOfFive(sickness: Sickness): readonly Sickness[] {
  return ["well", "well", sickness, "well", "well"];
}

/** Nobody is sick: what the 99th percentile is here is the machine's doing. */
export const WELL: Trial = {
  name: "all are well",
  endpoints: Array.from({ length: 5 }, () => "well" as const),
  requestsPerSecond: RATE,
};

/** All trials, in the order of the table. */
export const TRIALS: readonly Trial[] = [
  { name: "1 of 5 is 20 × slower", endpoints: oneOfFive("slow"), requestsPerSecond: RATE },
  { name: "1 of 5 answers 500 at once", endpoints: oneOfFive("fails"), requestsPerSecond: RATE },
  {
    name: "1 of 5 fails every third",
    endpoints: oneOfFive("every third"),
    requestsPerSecond: RATE,
  },
  { name: "1 of 5 hangs", endpoints: oneOfFive("hangs"), requestsPerSecond: RATE },
  {
    name: "all restart one after another",
    endpoints: Array.from({ length: 5 }, () => "restarts" as const),
    requestsPerSecond: RATE,
  },
  {
    name: "canary without endpoints",
    endpoints: ["well", "well", "well"],
    requestsPerSecond: RATE,
    extra: "canary",
  },
  {
    name: "overload at 3 × capacity",
    endpoints: ["slot", "slot", "slot"],
    requestsPerSecond: 900,
    extra: "limits",
  },
  {
    name: "slow client, one sync worker",
    endpoints: ["sync"],
    requestsPerSecond: 20,
    extra: "buffer",
  },
];
