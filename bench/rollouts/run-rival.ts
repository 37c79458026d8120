import { Argo, ARGO_99 } from "./argo.ts";
import { Flagger } from "./flagger.ts";
import { Kayenta } from "./kayenta.ts";
import { Minute } from "./minute.ts";
import { countSecond, newOutcome, STEP_S, STEPS } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { World } from "./world.ts";
import type { WorldOptions } from "./world-options.ts";

/** How long a halted rollout of Flagger is waited for. */
const MINUTES_MAX = 40;
/** Kayenta judges from this many points on. */
const KAYENTA_POINTS_MIN = 5;

type Says = "go" | "halt" | "abort";
/** What a rival decides after each minute. */
type Rival = (canary: Minute, stable: Minute, minute: number) => Says;

/** The rivals by name. */
export const RIVALS = {
  Flagger: () => {
    const flagger = new Flagger();
    return (canary) => {
      const p99Ms = canary.quantileMs(0.99);
      const says = flagger.check(canary.requests, canary.failures, p99Ms);
      return says === "rollback" ? "abort" : says === "halt" ? "halt" : "go";
    };
  },
  "Argo 99 %": () => {
    const argo = new Argo(ARGO_99);
    return (canary) => (argo.measure(canary.requests, canary.failures) ? "abort" : "go");
  },
  Kayenta: (world) => {
    const kayenta = new Kayenta();
    return (canary, stable, minute) => {
      if (stable.requests === 0) return "go";
      addPoints(kayenta, canary, stable, world);
      return minute + 1 >= KAYENTA_POINTS_MIN && kayenta.failed ? "abort" : "go";
    };
  },
} as const satisfies Readonly<Record<string, (world: World) => Rival>>;

/** A name of RIVALS. */
export type RivalName = keyof typeof RIVALS;

/** Minute by minute: a step's weight, then one decision. Scrapes are exact and take no time. */
export function runRival(name: RivalName, options: WorldOptions, seed: number): Outcome {
  const world = new World(options, seed);
  for (let second = 0; second < STEP_S; second += 1) world.tick(0, -1);
  const rival = RIVALS[name](world);
  const canary = new Minute();
  const stable = new Minute();
  const outcome = newOutcome();
  let step = 0;
  for (let minute = 0; minute < MINUTES_MAX && step < STEPS.length; minute += 1) {
    const weight = STEPS[step] as number;
    if (weight === 1) outcome.promotedS = Math.min(outcome.promotedS, minute * STEP_S);
    canary.reset();
    stable.reset();
    for (let second = 0; second < STEP_S; second += 1) {
      const excess = world.excess(weight);
      const now = world.tick(weight, step);
      countSecond(outcome, now.canary.requests, excess, options.defect);
      canary.add(now.canary);
      stable.add(now.stable);
    }
    const says = rival(canary, stable, minute);
    if (says === "abort") return { ...outcome, abortedS: (minute + 1) * STEP_S };
    if (says === "go") step += 1;
  }
  return outcome;
}

/** Adds points to which both contribute equally many requests: a baseline of equal size. */
function addPoints(kayenta: Kayenta, canary: Minute, stable: Minute, world: World): void {
  const size = Math.min(stable.requests, canary.requests);
  const failures = world.draws.binomial(stable.failures, size / stable.requests);
  kayenta.add(
    { errorRate: canary.failures / canary.requests, ms: canary.meanMs },
    { errorRate: failures / size, ms: stable.meanMs },
  );
}
