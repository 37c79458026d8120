import { cookieIs } from "./cookie.ts";
import { queryIs } from "./query.ts";
import type { RequestView } from "./request-view.ts";
import type { Policy, RouteMatch, RouteSnapshot } from "./snapshot.ts";
import type { VersionTable } from "./version-table.ts";

/** A route, compiled: what a request that matches it gets. */
export type RouteTable = {
  readonly policy: Policy;
  /** The version instead of the split. undefined: the split decides. */
  readonly to: VersionTable | undefined;
  readonly snapshot: RouteSnapshot;
  readonly conditions: Conditions;
};

/** What a route asks for besides its path, in the form that is cheapest to check. */
export type Conditions = {
  readonly methods: readonly string[];
  readonly headers: readonly Pair<string>[];
  readonly query: readonly Pair<Uint8Array>[];
  readonly cookies: readonly Pair<string>[];
};

type Pair<Text> = { readonly name: Text; readonly value: Text };

/** Compiles a route of a service with these versions. */
export function compileRoute(
  snapshot: RouteSnapshot,
  versions: readonly VersionTable[],
): RouteTable {
  return {
    policy: snapshot.policy,
    to: versions.find((version) => version.name === snapshot.to),
    snapshot,
    conditions: compileConditions(snapshot.match),
  };
}

/** Whether a route takes every request whose path it matches. */
export function isUnconditional({ methods, headers, query, cookies }: Conditions): boolean {
  return methods.length + headers.length + query.length + cookies.length === 0;
}

/** Whether the request fulfils all conditions; the index has already checked the path. */
export function fulfils(request: RequestView, conditions: Conditions): boolean {
  const { methods } = conditions;
  if (methods.length > 0 && !methods.includes(request.method)) return false;
  return (
    hasHeaders(request, conditions.headers) &&
    hasQuery(request, conditions.query) &&
    hasCookies(request, conditions.cookies)
  );
}

function hasHeaders(request: RequestView, headers: readonly Pair<string>[]): boolean {
  for (const { name, value } of headers) if (request.header(name) !== value) return false;
  return true;
}

function hasQuery(request: RequestView, query: readonly Pair<Uint8Array>[]): boolean {
  for (const { name, value } of query) {
    if (!queryIs(request.queryString, name, value)) return false;
  }
  return true;
}

function hasCookies(request: RequestView, cookies: readonly Pair<string>[]): boolean {
  if (cookies.length === 0) return true;
  const field = request.header("cookie") ?? "";
  for (const { name, value } of cookies) if (!cookieIs(field, name, value)) return false;
  return true;
}

function compileConditions(match: RouteMatch): Conditions {
  const utf8 = new TextEncoder();
  return {
    methods: match.methods,
    headers: pairs(match.headers),
    query: pairs(match.query).map(({ name, value }) => ({
      name: utf8.encode(name),
      value: utf8.encode(value),
    })),
    cookies: pairs(match.cookies),
  };
}

function pairs(record: Readonly<Record<string, string>>): readonly Pair<string>[] {
  return Object.entries(record).map(([name, value]) => ({ name, value }));
}
