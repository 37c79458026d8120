import { ROUTE_CONDITIONS_MAX } from "../config/route-schema.ts";
import type { SenderMatch } from "../config/route-schema.ts";
import type { ServiceDocument } from "../config/service-schema.ts";

type Route = NonNullable<ServiceDocument["routes"]>[number];

/** Which requests a rollout sends to its new version, whatever the weights are. */
export type RolloutRoute = {
  readonly match: SenderMatch;
  /** The id of the rollout. */
  readonly rollout: string;
  readonly to: string;
};

/**
 * What a rollout's routes in a document match. undefined: there are none, or not those that
 * withRolloutRoute() would make of it.
 */
export function rolloutMatchOf(document: ServiceDocument): SenderMatch | undefined {
  const { match, rollout, to } = document.routes?.findLast(isOfRollout) ?? {};
  if (match === undefined || rollout === undefined || to === undefined) return undefined;
  const whole = withRolloutRoute(document, { match, rollout, to });
  return JSON.stringify(whole.routes) === JSON.stringify(document.routes) ? match : undefined;
}

/**
 * The document with routes for these requests, and without those that rollouts had before.
 * undefined: with none. Of each route that splits there is one before it for those that match it
 * too, so that its policy and rewriting hold for them; one behind all others is for the rest.
 */
export function withRolloutRoute(
  document: ServiceDocument,
  route: RolloutRoute | undefined,
): ServiceDocument {
  const { routes = [], ...rest } = document;
  const others = routes.filter((each) => !isOfRollout(each));
  if (route === undefined && others.length === routes.length) return document;
  const next = route === undefined ? others : withOwn(others, route);
  return next.length === 0 ? rest : { ...rest, routes: next };
}

function withOwn(others: readonly Route[], route: RolloutRoute): Route[] {
  const all = others.flatMap((each) => {
    const narrowed = splits(each) ? narrowedTo(each, route) : undefined;
    return narrowed === undefined ? [each] : [narrowed, each];
  });
  return [...all, { match: route.match, to: route.to, rollout: route.rollout }];
}

/** Whether requests of the route go where the weights say. */
function splits({ to, answer, redirect }: Route): boolean {
  return to === undefined && answer === undefined && redirect === undefined;
}

/** The route for those of its requests that match. undefined: none can. */
function narrowedTo(
  route: Route,
  { match: { headers = {}, cookies = {} }, to, rollout }: RolloutRoute,
): Route | undefined {
  const ofHeaders = both(lowered(route.match.headers), lowered(headers));
  const ofCookies = both(route.match.cookies ?? {}, cookies);
  if (ofHeaders === undefined || ofCookies === undefined) return undefined;
  const match = {
    ...route.match,
    ...(Object.keys(ofHeaders).length > 0 && { headers: ofHeaders }),
    ...(Object.keys(ofCookies).length > 0 && { cookies: ofCookies }),
  };
  return { ...route, match, to, rollout };
}

type Conditions = Readonly<Record<string, string>>;

/** undefined: no request meets all of them, or they are too many for a route. */
function both(some: Conditions, more: Conditions): Conditions | undefined {
  const isOdd = Object.keys(more).some((key) => (some[key] ?? more[key]) !== more[key]);
  const all = { ...some, ...more };
  return isOdd || Object.keys(all).length > ROUTE_CONDITIONS_MAX ? undefined : all;
}

/** Names of fields are the same in any case. */
function lowered(conditions: Conditions = {}): Conditions {
  const entries = Object.entries(conditions);
  return Object.fromEntries(entries.map(([key, value]) => [key.toLowerCase(), value]));
}

function isOfRollout({ rollout }: Route): boolean {
  return rollout !== undefined;
}
