import type { Stats } from "../api/stats-ticker.ts";
import type { RolloutView } from "../rollout/rollout-view.ts";
import type { StandingProblem } from "../views/problems-view.ts";
import type { ServiceView } from "../views/service-view.ts";

/** A line of the list of services. */
export type ServiceRow = {
  readonly service: ServiceView;
  /** What is wrong with it, the worst first. */
  readonly problems: readonly StandingProblem[];
  /** Its latest one, if that has not ended. */
  readonly rollout: RolloutView | undefined;
  /** undefined: no traffic. */
  readonly traffic: Stats["services"][string] | undefined;
};

/** What rows are made from. */
export type RowSources = {
  readonly services: readonly ServiceView[];
  readonly problems: readonly StandingProblem[];
  readonly rollouts: readonly RolloutView[];
  readonly stats: Stats | undefined;
};

/** From this part of failed requests on, somebody should look at a service. */
const ERRORS_MANY = 0.01;

/** All services with `find` in their name: those with problems first, then by name. */
export function serviceRows(sources: RowSources, find: string): readonly ServiceRow[] {
  const { services, problems, rollouts, stats } = sources;
  const wanted = find.trim().toLowerCase();
  const rows = services
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .map((service) => ({
      service,
      problems: problems.filter((each) => each.service === service.name),
      rollout: openRolloutOf(service.name, rollouts),
      traffic: stats?.services[service.name],
    }));
  const rankOf = (row: ServiceRow): number => urgency(row, problems);
  return rows.toSorted(
    (one, other) =>
      rankOf(one) - rankOf(other) || one.service.name.localeCompare(other.service.name),
  );
}

/** Rows on one page: more are drawn too slowly every second, and nobody reads them. */
const ROWS_SHOWN_MAX = 200;

/** The first rows, which are the most urgent, and how many are left out. */
export function firstRows(rows: readonly ServiceRow[]): {
  readonly shown: readonly ServiceRow[];
  readonly hidden: number;
} {
  return {
    shown: rows.slice(0, ROWS_SHOWN_MAX),
    hidden: Math.max(0, rows.length - ROWS_SHOWN_MAX),
  };
}

/** A service's rollout that has not ended. undefined: it has none. */
export function openRolloutOf(
  service: string,
  rollouts: readonly RolloutView[],
): RolloutView | undefined {
  const latest = rollouts.find((each) => each.service === service);
  const hasEnded = latest?.phase === "successful" || latest?.phase === "aborted";
  return hasEnded ? undefined : latest;
}

/** What a service's state is, in a few words. */
export function stateOfRow({ problems, service, traffic }: ServiceRow): string {
  const [worst] = problems;
  // The line has the name already.
  if (worst !== undefined) return worst.text.replace(`${service.name}: `, "");
  if ((traffic?.errors ?? 0) >= ERRORS_MANY) return "many requests fail";
  const leaving = Object.entries(service.versions).filter(([, { migration }]) => migration);
  if (leaving.length > 0) return `${leaving.map(([name]) => name).join(", ")} migrates`;
  const aside = Object.entries(service.versions).filter(([, { state }]) => state !== "ready");
  return aside.length === 0
    ? "ready"
    : aside.map(([name, { state }]) => `${name}: ${state}`).join(", ");
}

/** Whether somebody should look at it. */
export function isTroubled({ problems, traffic }: ServiceRow): boolean {
  return problems.length > 0 || (traffic?.errors ?? 0) >= ERRORS_MANY;
}

/** Smaller is more urgent: the place among all problems, which are the worst first. */
function urgency(row: ServiceRow, problems: readonly StandingProblem[]): number {
  const [worst] = row.problems;
  if (worst !== undefined) return problems.indexOf(worst);
  if (isTroubled(row)) return problems.length;
  return row.rollout === undefined ? problems.length + 2 : problems.length + 1;
}
