import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { ServiceSnapshot, VersionSnapshot } from "../../proxy/table/snapshot.ts";
import type { WorkerTotals } from "../views/worker-totals.ts";
import { keyMoves } from "./key-moves.ts";
import type { KeyMoves } from "./key-moves.ts";
import { byVersion, effectiveByVersion, isUsable, sharesOf } from "../views/service-view.ts";

const versionPlan = z.object({
  share: z.object({ before: z.number(), after: z.number() }),
  keys: z
    .object({ lost: z.number(), gained: z.number() })
    .optional()
    .describe("Shares of all affinity keys that leave and arrive; absent without affinity"),
  tunnels: z
    .object({ open: z.int(), toMigrate: z.int() })
    .describe("Open tunnels, and those whose key or version moves elsewhere"),
  capacity: z.object({
    endpointsUsable: z.int(),
    inFlightExpected: z.number().describe("Requests under way now, split by the new weights"),
    inFlightLimit: z.int().describe("limits.inFlight, summed over all workers"),
  }),
});

const warningSchema = z.object({
  code: z.enum([
    "no_change",
    "nothing_served",
    "no_usable_endpoint",
    "not_ready",
    "over_limit",
    "tunnels_lost",
  ]),
  version: z.string().optional(),
  detail: z.string(),
});

/** What a change would do. */
export const planSchema = z.object({
  revision: z.int().describe("The revision that the plan is based on"),
  weights: byVersion.describe("After the change"),
  shares: byVersion.describe("After the change"),
  effectiveWeights: byVersion.describe("After the change, states and health"),
  keysMoved: z
    .number()
    .optional()
    .describe("Share of all affinity keys that get another version; absent without affinity"),
  versions: z.record(z.string(), versionPlan),
  warnings: z.array(warningSchema),
});

/** The answer to a plan, without the revision that it was made on. */
export type Plan = Omit<z.infer<typeof planSchema>, "revision">;

type VersionPlan = z.infer<typeof versionPlan>;
type Warning = z.infer<typeof warningSchema>;

/** A change of one service. */
export type PlannedChange = {
  /** undefined: the service is new. */
  readonly before: ServiceSnapshot | undefined;
  readonly after: ServiceSnapshot;
  readonly totals: WorkerTotals;
  /** Each has limits of its own. */
  readonly workers: number;
};

/** Works out what a change would do, and does nothing. Equal arguments give equal plans. */
export function planChange(change: PlannedChange): Plan {
  const { before, after } = change;
  const moves = after.affinity === undefined ? undefined : keyMoves(before, after);
  const names = new Set([...(before?.versions ?? []), ...after.versions].map(({ name }) => name));
  const plans = [...names].map((name) => [name, planVersion(name, change, moves)] as const);
  return {
    weights: Object.fromEntries(after.versions.map(({ name, weight }) => [name, weight])),
    shares: sharesOf(after),
    effectiveWeights: effectiveByVersion(after),
    ...(moves === undefined ? {} : { keysMoved: moves.moved }),
    versions: Object.fromEntries(plans),
    warnings: [
      ...warnOfService(change),
      ...plans.flatMap(([name, plan]) => warnOfVersion(versionOf(after, name), name, plan)),
    ],
  };
}

function planVersion(
  name: string,
  { before, after, totals, workers }: PlannedChange,
  moves: KeyMoves | undefined,
): VersionPlan {
  const keys = moves?.of(name);
  const open = totals.version(after.name, name).tunnelsOpen;
  const version = versionOf(after, name);
  const gone = version === undefined || version.state === "maint";
  const leaving = keys === undefined || keys.had === 0 ? 0 : keys.lost / keys.had;
  return {
    share: { before: shareOf(before, name), after: shareOf(after, name) },
    ...(keys === undefined ? {} : { keys: { lost: keys.lost, gained: keys.gained } }),
    tunnels: { open, toMigrate: gone ? open : Math.ceil(open * leaving) },
    capacity: {
      endpointsUsable: version?.endpoints.filter(isUsable).length ?? 0,
      inFlightExpected: inFlightNow(before, totals) * effectiveShareOf(after, name),
      inFlightLimit: after.limits.inFlight * workers,
    },
  };
}

function warnOfService({ before, after }: PlannedChange): Warning[] {
  const warnings: Warning[] = [];
  if (isDeepStrictEqual(before, after)) {
    warnings.push({ code: "no_change", detail: "The service is already like this" });
  }
  if (sum(effectiveByVersion(after)) === 0) {
    const detail = "No version can take a request: all of them would be answered 503";
    warnings.push({ code: "nothing_served", detail });
  }
  return warnings;
}

function warnOfVersion(
  version: VersionSnapshot | undefined,
  name: string,
  { capacity, tunnels }: VersionPlan,
): Warning[] {
  const warnings: Warning[] = [];
  const add = (code: Warning["code"], detail: string): void => {
    warnings.push({ code, version: name, detail });
  };
  const weight = version?.weight ?? 0;
  if (weight > 0 && version?.state !== "ready") {
    add("not_ready", `${name} has weight ${weight}, but its state is ${version?.state}`);
  } else if (weight > 0 && capacity.endpointsUsable === 0) {
    add("no_usable_endpoint", `${name} has weight ${weight}, but no endpoint that can take work`);
  }
  if (capacity.inFlightExpected > capacity.inFlightLimit) {
    const expected = Math.round(capacity.inFlightExpected);
    add(
      "over_limit",
      `${name} expects ${expected} requests at once, above ${capacity.inFlightLimit}`,
    );
  }
  if (version === undefined && tunnels.open > 0) {
    add("tunnels_lost", `${name} goes away with ${tunnels.open} open tunnels: drain it first`);
  }
  return warnings;
}

function versionOf(service: ServiceSnapshot, name: string): VersionSnapshot | undefined {
  return service.versions.find((version) => version.name === name);
}

function shareOf(service: ServiceSnapshot | undefined, name: string): number {
  return service === undefined ? 0 : (sharesOf(service)[name] ?? 0);
}

function effectiveShareOf(service: ServiceSnapshot, name: string): number {
  const weights = effectiveByVersion(service);
  return (weights[name] ?? 0) / Math.max(1, sum(weights));
}

function inFlightNow(service: ServiceSnapshot | undefined, totals: WorkerTotals): number {
  const versions = service?.versions ?? [];
  const open = ({ name }: VersionSnapshot): number =>
    totals.version(service?.name ?? "", name).exchangesOpen;
  return versions.reduce((total, version) => total + open(version), 0);
}

function sum(weights: Readonly<Record<string, number>>): number {
  return Object.values(weights).reduce((total, weight) => total + weight, 0);
}
