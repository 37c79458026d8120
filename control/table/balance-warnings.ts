import { isDeepStrictEqual } from "node:util";
import { ADAPTIVE_LIMIT_MIN as LEAST } from "../../proxy/table/priority.ts";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";

/** What a change of the choice of endpoints may be warned of. */
type BalanceWarning = {
  readonly code: "endpoints_change" | "no_effect";
  readonly service: string;
  /** For people. */
  readonly text: string;
};

/**
 * What a change does to the choice of endpoints that whoever makes it may not expect.
 * endpoints_change: clients that stick to an endpoint move to others. no_effect: keys that do
 * nothing as they are; of those that did nothing before nobody is told again.
 */
export function balanceWarnings(
  before: ServiceSnapshot | undefined,
  after: ServiceSnapshot,
): readonly BalanceWarning[] {
  const service = after.name;
  const known = new Set(before === undefined ? [] : idleKeys(before));
  const idle = idleKeys(after).filter((text) => !known.has(text));
  return [
    ...(before === undefined || !movesClients(before, after)
      ? []
      : [{ code: "endpoints_change", service, text: MOVED } as const]),
    ...idle.map((text) => ({ code: "no_effect", service, text }) as const),
  ];
}

const MOVED =
  "clients that stick to an endpoint move to others: what endpoints keep of them in memory is lost";

/** Whether stickiness to endpoints ends, or goes by something else. */
function movesClients(before: ServiceSnapshot, after: ServiceSnapshot): boolean {
  if (before.affinity?.toEndpoint === undefined) return false;
  const isAlone = before.versions.every(({ endpoints }) => endpoints.length < 2);
  return !isAlone && !isDeepStrictEqual(placeOf(before), placeOf(after));
}

function placeOf({ affinity, salt }: ServiceSnapshot): unknown {
  return { affinity, salt };
}

/** Keys that are set, and do nothing beside the others. */
function idleKeys(service: ServiceSnapshot): readonly string[] {
  const { limits, policy, routes, affinity, slowStartMs, versions } = service;
  const { adaptive = false, inFlight, pending, pendingTimeoutMs = 0 } = limits;
  const hedges = [policy, ...routes.map((route) => route.policy)].some(({ hedge }) => hedge);
  const isSticky = affinity?.toEndpoint === true;
  const isAlone = versions.every(({ endpoints }) => endpoints.length === 1);
  return [
    ...when(hedges && isAlone, "hedge does nothing: no version has a second endpoint to ask"),
    ...when(
      hedges && isSticky && !isAlone,
      "hedge asks no second endpoint for a request with a key of affinity",
    ),
    ...when(slowStartMs > 0 && isSticky, "slowStart holds back no request with a key of affinity"),
    ...when(
      adaptive && inFlight <= LEAST,
      `limits.adaptive does nothing: inFlight is ${inFlight}, it finds ${LEAST} or more`,
    ),
    ...when(
      pendingTimeoutMs > 0 && pending === 0,
      "limits.pendingTimeout does nothing: pending is 0",
    ),
  ];
}

function when(holds: boolean, text: string): readonly string[] {
  return holds ? [text] : [];
}
