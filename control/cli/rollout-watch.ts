import { pause } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Explanation } from "../api/rollout-routes.ts";
import type { RolloutView } from "../rollout/rollout-view.ts";
import type { ServiceView } from "../views/service-view.ts";
import { servicePath } from "./client.ts";
import type { ApiClient } from "./client.ts";
import { rateOf } from "./version-rate.ts";
import type { CountsSeen, VersionRate } from "./version-rate.ts";

/** How often somebody who watches is told. */
const WATCH_EVERY_MS = 1_000;

/** How an explanation begins its forecast. */
const FORECAST = "If it goes on like this";

/** A version as it is now. */
export type VersionNow = VersionRate & {
  readonly name: string;
  /** Of the weights, 0 … 1. */
  readonly share: number;
  /** Endpoints that can take requests, and all. */
  readonly usable: number;
  readonly endpoints: number;
  /** Requests under way. */
  readonly underWay: number;
};

/** What somebody who watches sees. */
export type RolloutSeen = {
  readonly rollout: RolloutView;
  /** A sentence. undefined: there is nothing to foresee. */
  readonly forecast: string | undefined;
  /** Both, the old one first. Empty: only lines are shown. */
  readonly versions: readonly VersionNow[];
};

/** What watching takes. */
export type RolloutWatching = {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Whether the versions and the forecast are shown too. */
  readonly isLive: boolean;
  readonly show: (seen: RolloutSeen) => void;
};

/** Shows a rollout each second until it ends. Gives it then. undefined: the signal was first. */
export async function watchRollout(
  id: string,
  { client, clock, signal, isLive, show }: RolloutWatching,
): Promise<RolloutView | undefined> {
  let before: CountsSeen | undefined;
  while (!signal.aborted) {
    const rollout = await client.get<RolloutView>(rolloutPath(id), { endsBy: signal });
    const counts = isLive ? await countsOf(client, rollout.service, clock.nowMs()) : undefined;
    const versions = counts === undefined ? [] : await versionsOf(client, rollout, before, counts);
    const forecast = isLive ? await forecastOf(client, rollout.id) : undefined;
    show({ rollout, forecast, versions });
    before = counts;
    if (rollout.phase === "successful" || rollout.phase === "aborted") return rollout;
    await pause(clock, WATCH_EVERY_MS, signal);
  }
  return undefined;
}

/** The path of a rollout at the API. */
export function rolloutPath(id: string): string {
  return `/v1/rollouts/${encodeURIComponent(id)}`;
}

async function countsOf(client: ApiClient, service: string, atMs: number): Promise<CountsSeen> {
  const path = `/v1/counts?service=${encodeURIComponent(service)}`;
  const { versions } = await client.get<Pick<CountsSeen, "versions">>(path);
  return { atMs, versions };
}

async function versionsOf(
  client: ApiClient,
  { service, from, to }: RolloutView,
  before: CountsSeen | undefined,
  counts: CountsSeen,
): Promise<readonly VersionNow[]> {
  const view = await client.get<ServiceView>(servicePath(service));
  return [from, to].map((name) => {
    const { endpoints = [], exchangesOpen: underWay = 0 } = view.versions[name] ?? {};
    const usable = endpoints.filter(({ healthy, state }) => healthy && state === "ready").length;
    const about = { name, share: view.shares[name] ?? 0, underWay };
    return { ...about, usable, endpoints: endpoints.length, ...rateOf(name, before, counts) };
  });
}

async function forecastOf(client: ApiClient, id: string): Promise<string | undefined> {
  const { explanation } = await client.get<Explanation>(`${rolloutPath(id)}/explain`);
  return explanation.find((line) => line.startsWith(FORECAST));
}
