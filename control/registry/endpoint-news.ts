import type { Log } from "../../proxy/base/log.ts";
import type { DiscoveredEndpoint } from "../config/service.ts";
import type { SluiceEvent } from "../records/sluice-event.ts";

/** How many endpoints one change of a version names: a registry that empties may take thousands. */
const NAMED_MAX = 64;

/** Whom to tell. */
export type EndpointNewsDeps = {
  readonly log: Log;
  /** Receives `endpoints` and `health` events. Absent: nobody listens. */
  readonly events?: { emit(event: SluiceEvent): unknown } | undefined;
};

/** What became of a version's endpoints. */
export type EndpointChange = {
  readonly service: string;
  readonly version: string;
  /** undefined: none were known before, so that only what cannot be used is news. */
  readonly before: readonly DiscoveredEndpoint[] | undefined;
  readonly after: readonly DiscoveredEndpoint[];
  /** Whether an endpoint is an address at all. */
  readonly isSound: (endpoint: DiscoveredEndpoint) => boolean;
};

/** Tells people, by log and events, what the registry has made of a version's endpoints. */
export function tellEndpoints(deps: EndpointNewsDeps, change: EndpointChange): void {
  const { before, after, isSound } = change;
  const known = new Map((before ?? []).map((each) => [each.address, each]));
  const left = new Set(after.map(({ address }) => address));
  const come = after.filter(({ address }) => !known.has(address));
  const refused = come.filter((each) => !isSound(each));
  const added = before === undefined ? [] : come.filter(isSound);
  const removed = (before ?? []).filter((each) => isSound(each) && !left.has(each.address));
  const turned = after.filter(({ address, healthy }) => {
    const former = known.get(address);
    return former !== undefined && former.healthy !== healthy;
  });
  for (const endpoint of turned.slice(0, NAMED_MAX)) tellTurn(deps, change, endpoint);
  for (const { reason } of refused.slice(0, NAMED_MAX)) {
    const { service, version } = change;
    deps.log.warn("discovery.refused", { service, version, reason });
  }
  const hasMore = turned.length > NAMED_MAX;
  if (added.length + removed.length + refused.length === 0 && !hasMore) return;
  tellList(deps, change, { added, removed, refused });
}

function tellTurn(
  { log, events }: EndpointNewsDeps,
  { service, version }: EndpointChange,
  { address: endpoint, healthy, reason = "Consul says passing" }: DiscoveredEndpoint,
): void {
  const about = { version, endpoint, healthy, reason };
  if (healthy) log.info("health.up", { service, ...about });
  else log.warn("health.down", { service, ...about });
  events?.emit({ kind: "health", services: [service], ...about });
}

type Lists = Record<"added" | "removed" | "refused", readonly DiscoveredEndpoint[]>;

function tellList(
  { log, events }: EndpointNewsDeps,
  { service, version, before, after }: EndpointChange,
  lists: Lists,
): void {
  const healthy = after.filter((each) => each.healthy).length;
  const added = addressesOf(lists.added);
  const removed = addressesOf(lists.removed);
  const refused = lists.refused.slice(0, NAMED_MAX).map(({ reason = "" }) => reason);
  events?.emit({
    kind: "endpoints",
    services: [service],
    version,
    added,
    removed,
    refused,
    healthy,
  });
  if (before === undefined) return;
  const fields = { service, version, added: added.join(" "), removed: removed.join(" "), healthy };
  if (healthy === 0) log.warn("discovery.endpoints", fields);
  else log.info("discovery.endpoints", fields);
}

function addressesOf(endpoints: readonly DiscoveredEndpoint[]): readonly string[] {
  return endpoints.slice(0, NAMED_MAX).map(({ address }) => address);
}
