import type { ServiceTraffic, TrafficRates } from "../../views/traffic-stats.ts";
import type { ServiceView } from "../../views/service-view.ts";
import type { FittedColumn } from "../fitted-table.ts";
import { durationText, portionText, rateText } from "./figures.ts";
import type { Look, LookedRollout } from "./look.ts";

/** A line of the table: a service, or one of its versions below it. */
export type TopRow = {
  readonly service: string;
  /** undefined: the service as a whole. */
  readonly version: string | undefined;
  readonly cells: readonly string[];
  /** Part of the requests that failed, 0 … 1. */
  readonly errors: number;
  /** Somebody or something keeps traffic away from it, or a rollout goes on. */
  readonly isSpecial: boolean;
};

/** A service as a whole has no state, endpoints, weight and share. */
const NOT_OF_SERVICES = ["", "", "", ""] as const;

/** In which order services stand. */
export const TOP_ORDERS = ["name", "rate", "errors"] as const;
export type TopOrder = (typeof TOP_ORDERS)[number];

/** What is shown of each, and what goes first where there is no room. */
export const TOP_COLUMNS: readonly FittedColumn[] = [
  { head: "SERVICE", align: "left", drop: 0, flex: true, least: 18 },
  { head: "STATE", align: "left", drop: 3 },
  { head: "UP", align: "right", drop: 6 },
  { head: "WEIGHT", align: "right", drop: 7 },
  { head: "SHARE", align: "right", drop: 1 },
  { head: "RATE/S", align: "right", drop: 0 },
  { head: "ERRORS", align: "right", drop: 0 },
  { head: "P50", align: "right", drop: 8 },
  { head: "P99", align: "right", drop: 2 },
  { head: "OPEN", align: "right", drop: 5 },
  { head: "TUNNELS", align: "right", drop: 4 },
];

/** What there is to be seen. `find`: only services whose names have this in them. */
export function topRows(look: Look, order: TopOrder, find: string): readonly TopRow[] {
  const wanted = look.services.filter(({ name }) => name.includes(find));
  return ordered(wanted, look, order).flatMap((service) => rowsOf(service, look));
}

function ordered(
  services: readonly ServiceView[],
  look: Look,
  order: TopOrder,
): readonly ServiceView[] {
  if (order === "name") return services.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const figure = ({ name }: ServiceView): number => trafficOf(look, name)?.[order] ?? 0;
  return services.toSorted((a, b) => figure(b) - figure(a) || (a.name < b.name ? -1 : 1));
}

function trafficOf({ stats }: Look, service: string): ServiceTraffic | undefined {
  const all = stats?.services ?? {};
  return Object.hasOwn(all, service) ? all[service] : undefined;
}

function rowsOf(service: ServiceView, look: Look): readonly TopRow[] {
  const traffic = trafficOf(look, service.name);
  const rollout = rolloutOf(service, look);
  const whole: TopRow = {
    service: service.name,
    version: undefined,
    cells: [wholeText(service, look), ...NOT_OF_SERVICES, ...figures(look, traffic)],
    errors: traffic?.errors ?? 0,
    isSpecial: rollout !== undefined || service.trial !== undefined,
  };
  return [whole, ...Object.keys(service.versions).map((name) => versionRow(service, name, look))];
}

function rolloutOf({ name }: ServiceView, look: Look): LookedRollout | undefined {
  return look.rollouts.find(({ service }) => service === name);
}

/** Its name, and what goes on there. */
function wholeText(service: ServiceView, look: Look): string {
  const { name, trial } = service;
  const rollout = rolloutOf(service, look);
  if (rollout !== undefined) return `${name} → ${rollout.to}: ${rollout.phase}`;
  if (trial === undefined || look.stats === undefined) return name;
  const leftMs = Date.parse(trial.until) - Date.parse(look.stats.time);
  return `${name}: back in ${Math.max(0, Math.round(leftMs / 1_000))} s, c keeps it`;
}

function versionRow(service: ServiceView, version: string, look: Look): TopRow {
  const view = service.versions[version];
  const versions = trafficOf(look, service.name)?.versions ?? {};
  const traffic = Object.hasOwn(versions, version) ? versions[version] : undefined;
  const endpoints = view?.endpoints ?? [];
  const up = endpoints.filter((each) => each.healthy && each.state === "ready" && !each.ejectedBy);
  const sum = Object.values(service.effectiveWeights).reduce((all, weight) => all + weight, 0);
  const effective = service.effectiveWeights[version] ?? 0;
  const state = view?.state ?? "ready";
  return {
    service: service.name,
    version,
    cells: [
      `  ${version}${version === service.stable ? " (stable)" : ""}`,
      view?.migration === undefined ? state : "migrating",
      `${up.length}/${endpoints.length}`,
      String(service.weights[version] ?? 0),
      portionText(sum === 0 ? 0 : effective / sum),
      ...figures(look, traffic),
    ],
    errors: traffic?.errors ?? 0,
    isSpecial: state !== "ready" || up.length < endpoints.length,
  };
}

/** Absent traffic is none, once anything is known. */
function figures({ stats }: Look, traffic: TrafficRates | undefined): readonly string[] {
  const isKnown = stats !== undefined && stats.windowMs > 0;
  const { rate, errors, p50Ms, p99Ms, open, tunnels } = traffic ?? { rate: 0, open: 0, tunnels: 0 };
  return [
    rateText(isKnown ? rate : undefined),
    portionText(isKnown && rate > 0 ? errors : undefined),
    durationText(p50Ms),
    durationText(p99Ms),
    isKnown ? String(open) : "-",
    isKnown ? String(tunnels) : "-",
  ];
}
