import { HASH_START, hashRange, hashStep } from "./hash.ts";
import { normalisePath } from "./normalise-path.ts";
import type { RequestView } from "./request-view.ts";
import { isUnconditional } from "./route-conditions.ts";
import type { RouteConditions } from "./route-conditions.ts";
import type { RouteTable } from "./route-table.ts";

const SLASH = 0x2f;

/**
 * Routes that a path can match, in configured order, up to the first that matches every request.
 */
type Candidates = readonly RouteTable[];

type Prefix = { readonly path: string; readonly candidates: Candidates };

/**
 * The routes of a service by path. Each path that some route names holds all routes that match
 * there, those of its parents and those without a path included, so that a look-up finds one list
 * and the order of that list is the configured one. What a look-up costs depends on the request's
 * path and on the length of that list, not on how many routes there are.
 */
export class RouteIndex {
  readonly #exact: ReadonlyMap<string, Candidates>;
  /** By the hash of the prefix, so that a look-up need not cut the path. */
  readonly #prefixes: ReadonlyMap<number, readonly Prefix[]>;
  readonly #everywhere: Candidates;
  readonly #conditions: RouteConditions;
  #longestPrefix: number = 0;

  /** Indexes routes that are given in configured order. `conditions`: those of all of them. */
  constructor(routes: readonly RouteTable[], conditions: RouteConditions) {
    this.#conditions = conditions;
    const lists = new CandidateLists(routes);
    this.#exact = lists.exact;
    this.#everywhere = lists.byPrefix.get("") ?? [];
    lists.byPrefix.delete("");
    this.#prefixes = byHash(lists.byPrefix);
    for (const path of lists.byPrefix.keys()) {
      this.#longestPrefix = Math.max(this.#longestPrefix, path.length);
    }
  }

  /** The first route in configured order that matches. undefined: none does. */
  find(request: RequestView): RouteTable | undefined {
    const candidates = this.#candidates(request);
    const conditions = this.#conditions;
    conditions.begin();
    for (const route of candidates) {
      if (conditions.fulfils(request, route.conditions)) return route;
    }
    return undefined;
  }

  #candidates(request: RequestView): Candidates {
    if (this.#exact.size === 0 && this.#prefixes.size === 0) return this.#everywhere;
    const { path } = request;
    return this.#exact.get(path) ?? this.#deepest(path);
  }

  /** Hashes the path up to the longest prefix and looks at every end of a segment. */
  #deepest(path: string): Candidates {
    let deepest = this.#everywhere;
    let hash = HASH_START;
    const last = Math.min(path.length, this.#longestPrefix);
    for (let end = 0; end <= last; end += 1) {
      const code = end < path.length ? path.charCodeAt(end) : SLASH;
      if (code === SLASH && end > 0) deepest = this.#prefixed(path, end, hash) ?? deepest;
      hash = hashStep(hash, code);
    }
    return deepest;
  }

  #prefixed(path: string, end: number, hash: number): Candidates | undefined {
    const prefixes = this.#prefixes.get(hash);
    if (!prefixes) return undefined;
    for (const prefix of prefixes) {
      if (prefix.path.length === end && path.startsWith(prefix.path)) return prefix.candidates;
    }
    return undefined;
  }
}

/** Builds the lists: parents first, so that each path adds its own routes to its parent's list. */
class CandidateLists {
  readonly exact = new Map<string, Candidates>();
  readonly byPrefix = new Map<string, Candidates>();
  readonly #order: ReadonlyMap<RouteTable, number>;

  constructor(routes: readonly RouteTable[]) {
    this.#order = new Map(routes.map((route, at) => [route, at]));
    const prefixes = Map.groupBy(routes.filter(isPrefix), prefixPath);
    const exact = Map.groupBy(
      routes.filter((route) => !isPrefix(route)),
      (route) => routePath(route.snapshot.match.path?.path ?? ""),
    );
    const shortestFirst = [...prefixes].toSorted(([a], [b]) => a.length - b.length);
    for (const [path, own] of shortestFirst) this.byPrefix.set(path, this.#join(path, own));
    for (const [path, own] of exact) this.exact.set(path, this.#join(path, own));
  }

  #join(path: string, own: readonly RouteTable[]): Candidates {
    const all = [...this.#parent(path), ...own].toSorted((a, b) => this.#place(a) - this.#place(b));
    const end = all.findIndex((route) => isUnconditional(route.conditions));
    return end < 0 ? all : all.slice(0, end + 1);
  }

  /** The list of the longest prefix that the path lies in; it may be its own. */
  #parent(path: string): Candidates {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const candidates = this.byPrefix.get(path.slice(0, end));
      if (candidates) return candidates;
    }
    return this.byPrefix.get("") ?? [];
  }

  #place(route: RouteTable): number {
    return this.#order.get(route) ?? 0;
  }
}

function byHash(lists: ReadonlyMap<string, Candidates>): ReadonlyMap<number, readonly Prefix[]> {
  const prefixes = [...lists].map(([path, candidates]) => ({ path, candidates }));
  return Map.groupBy(prefixes, ({ path }) => hashRange(path, 0, path.length));
}

/** No path is the empty prefix. */
function isPrefix(route: RouteTable): boolean {
  return route.snapshot.match.path?.kind !== "exact";
}

/** Without the slash at its end: `/` is the empty prefix, `/a/` is `/a`. */
function prefixPath(route: RouteTable): string {
  const { path } = route.snapshot.match;
  return path ? routePath(path.path).replace(/\/$/, "") : "";
}

/** A configured path as requests spell it: what a target can not hold is escaped. */
function routePath(path: string): string {
  return normalisePath(path.toWellFormed().replaceAll(/[^!-~]+/g, encodeURIComponent));
}
