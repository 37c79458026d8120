import { z } from "zod";
import type { ServiceSnapshot, VersionSnapshot } from "../../proxy/table/snapshot.ts";
import { effectiveByVersion, isUsable, sharesOf } from "../table/serving.ts";
import { inFlightExpected } from "../table/warnings.ts";
import type { ServiceChange } from "../table/warnings.ts";
import { keyMoves } from "./key-moves.ts";
import type { KeyMoves } from "./key-moves.ts";
import { byVersion } from "../views/service-view.ts";
import { warningsSchema } from "./write-context.ts";

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
  warnings: warningsSchema,
});

/** The answer to a plan. */
export type Plan = z.infer<typeof planSchema>;

type VersionPlan = z.infer<typeof versionPlan>;

/** Works out what a change would do, and does nothing. Equal arguments give equal plans. */
export function planChange(change: ServiceChange): Omit<Plan, "revision" | "warnings"> {
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
  };
}

function planVersion(
  name: string,
  change: ServiceChange,
  moves: KeyMoves | undefined,
): VersionPlan {
  const { before, after, workers } = change;
  const keys = moves?.of(name);
  const open = change.open.version(after.name, name).tunnelsOpen;
  const version = versionOf(after, name);
  const gone = version === undefined || version.state === "maint";
  const leaving = keys === undefined || keys.had === 0 ? 0 : keys.lost / keys.had;
  return {
    share: { before: shareOf(before, name), after: shareOf(after, name) },
    ...(keys === undefined ? {} : { keys: { lost: keys.lost, gained: keys.gained } }),
    tunnels: { open, toMigrate: gone ? open : Math.ceil(open * leaving) },
    capacity: {
      endpointsUsable: version?.endpoints.filter(isUsable).length ?? 0,
      inFlightExpected: inFlightExpected(name, change),
      inFlightLimit: after.limits.inFlight * workers,
    },
  };
}

function versionOf(service: ServiceSnapshot, name: string): VersionSnapshot | undefined {
  return service.versions.find((version) => version.name === name);
}

function shareOf(service: ServiceSnapshot | undefined, name: string): number {
  return service === undefined ? 0 : (sharesOf(service)[name] ?? 0);
}
