import { orLate } from "../../proxy/base/deadline.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";
import { OpenTotals } from "../migrations/open-totals.ts";
import { isLeft } from "../views/service-view.ts";
import type { Drains } from "../views/service-view.ts";
import type { MigrationsView } from "./deps.ts";
import { STATS_WAIT_MS } from "./worker-stats.ts";

/**
 * What is under way at those versions of these services that traffic is leaving. Asks workers only
 * if there is such a version, and does not wait for workers that are stuck.
 */
export async function askDrains(
  services: readonly ServiceSnapshot[],
  migrations: MigrationsView,
  clock: Clock,
): Promise<Drains> {
  const isAsked = services.some(({ versions }) => versions.some(isLeft));
  if (!isAsked) return { open: new OpenTotals([]), migrations };
  const open = await orLate(migrations.open(), STATS_WAIT_MS, clock, () => undefined);
  return { open, migrations };
}
