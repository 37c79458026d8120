import { z } from "zod";
import { PRIORITIES } from "../../proxy/table/priority.ts";
import type { Policy, RouteSnapshot } from "../../proxy/table/snapshot.ts";
import { actionShape, toActions } from "./action-schema.ts";
import { mergePolicy, policyOverrideShape } from "./policy-schema.ts";
import { rateLimitSchema } from "./rate-limit-schema.ts";
import { routePath } from "./route-path.ts";
import { fieldValue, methods, name, named, strict, text, token } from "./schema-parts.ts";

/**
 * Most conditions of one kind in one route: all must hold, so more than a few never match anything.
 */
export const ROUTE_CONDITIONS_MAX = 32;

const pathMatch = z.union(
  [routePath, strict({ exact: routePath }), strict({ prefix: routePath })],
  {
    error: "a path such as /shop, { exact: /shop } or { prefix: /shop }, in normal form",
  },
);

const fieldConditions = named(token, fieldValue, ROUTE_CONDITIONS_MAX).refine(
  (headers) => !repeatsName(Object.keys(headers)),
  { error: "each field name once, whatever its case" },
);

const cookieConditions = named(token, z.string(), ROUTE_CONDITIONS_MAX);

const routeMatch = strict({
  path: pathMatch.optional(),
  methods: methods.optional(),
  headers: fieldConditions.optional(),
  query: named(text, z.string(), ROUTE_CONDITIONS_MAX).optional(),
  cookies: cookieConditions.optional(),
});

/** What a rollout may pick requests by before its new version has weight: who sends them. */
export const senderMatch = strict({
  headers: fieldConditions.optional(),
  cookies: cookieConditions.optional(),
}).refine((match) => Object.values(match).some((each = {}) => Object.keys(each).length > 0), {
  error: "at least one field or cookie, such as { headers: { x-canary: '1' } }",
});

/** The same as a type. */
export type SenderMatch = z.output<typeof senderMatch>;

/** One entry of `routes`. */
export const routeSchema = strict({
  match: routeMatch,
  to: name.optional(),
  rollout: name.optional(),
  ...policyOverrideShape,
  priority: z.enum(PRIORITIES).optional(),
  rateLimit: rateLimitSchema.optional(),
  ...actionShape,
});

/** A route that is read, but does not have its policy filled yet. */
export type RouteInput = z.output<typeof routeSchema>;

/** The route with the policy that it inherits from its service. */
export function toRoute(route: RouteInput, servicePolicy: Policy): RouteSnapshot {
  const { match } = route;
  const actions = toActions(route);
  return {
    match: {
      path: toPathMatch(match.path),
      methods: match.methods ?? [],
      headers: Object.fromEntries(
        Object.entries(match.headers ?? {}).map(([key, value]) => [key.toLowerCase(), value]),
      ),
      query: match.query ?? {},
      cookies: match.cookies ?? {},
    },
    to: route.to,
    policy: mergePolicy(servicePolicy, route),
    ...(route.priority !== undefined && { priority: route.priority }),
    ...(route.rateLimit !== undefined && { rateLimit: route.rateLimit }),
    ...(actions !== undefined && { actions }),
  };
}

function toPathMatch(match: RouteInput["match"]["path"]): RouteSnapshot["match"]["path"] {
  if (match === undefined) return undefined;
  if (typeof match === "string") return { kind: "prefix", path: match };
  return "exact" in match
    ? { kind: "exact", path: match.exact }
    : { kind: "prefix", path: match.prefix };
}

function repeatsName(names: readonly string[]): boolean {
  return new Set(names.map((each) => each.toLowerCase())).size < names.length;
}
