import { z } from "zod";
import type { Policy, RouteSnapshot } from "../../proxy/table/snapshot.ts";
import { mergePolicy, policyOverrideShape } from "./policy-schema.ts";
import { fieldValue, methods, name, named, strict, text, token } from "./schema-parts.ts";

/**
 * Most conditions of one kind in one route: all must hold, so more than a few never match anything.
 */
const CONDITIONS_MAX = 32;

/**
 * A path in the form that requests are matched in: printable ASCII, no query, no `//`, no dot
 * segment, no unreserved character in percent-encoding (RFC 3986 section 6.2.2). Another would
 * never match.
 */
const path = z
  .string({ error: "a path that begins with /" })
  .max(4096, { error: "a path of at most 4096 characters" })
  .refine((value) => /^\/[!-~]*$/.test(value) && !/[?#]/.test(value), {
    error: "a path that begins with /, without query, fragment or blanks",
    abort: true,
  })
  .refine((value) => !/\/\/|\/\.{1,2}(?:\/|$)/.test(value) && !hasNeedlessEncoding(value), {
    error: "a path in normal form: no //, no . or .. segment, nothing encoded that need not be",
  });

const pathMatch = z.union([path, strict({ exact: path }), strict({ prefix: path })], {
  error: "a path such as /shop, { exact: /shop } or { prefix: /shop }, in normal form",
});

const routeMatch = strict({
  path: pathMatch.optional(),
  methods: methods.optional(),
  headers: named(token, fieldValue, CONDITIONS_MAX).optional(),
  query: named(text, z.string(), CONDITIONS_MAX).optional(),
  cookies: named(token, z.string(), CONDITIONS_MAX).optional(),
}).refine((match) => !repeatsName(Object.keys(match.headers ?? {})), {
  path: ["headers"],
  error: "each field name once, whatever its case",
});

/** One entry of `routes`. */
export const routeSchema = strict({
  match: routeMatch,
  to: name.optional(),
  ...policyOverrideShape,
});

/** A route that is read, but does not have its policy filled yet. */
export type RouteInput = z.output<typeof routeSchema>;

/** The route with the policy that it inherits from its service. */
export function toRoute(route: RouteInput, servicePolicy: Policy): RouteSnapshot {
  const { match } = route;
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
  };
}

function toPathMatch(match: RouteInput["match"]["path"]): RouteSnapshot["match"]["path"] {
  if (match === undefined) return undefined;
  if (typeof match === "string") return { kind: "prefix", path: match };
  return "exact" in match
    ? { kind: "exact", path: match.exact }
    : { kind: "prefix", path: match.prefix };
}

function hasNeedlessEncoding(value: string): boolean {
  return [...value.matchAll(/%(..)?/g)].some(([, hex]) => {
    if (hex === undefined || !/^[0-9A-Fa-f]{2}$/.test(hex)) return true;
    return /[A-Za-z0-9._~-]/.test(String.fromCharCode(Number.parseInt(hex, 16)));
  });
}

function repeatsName(names: readonly string[]): boolean {
  return new Set(names.map((each) => each.toLowerCase())).size < names.length;
}
