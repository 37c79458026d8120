import { CookiePairs } from "./cookie.ts";
import { FieldPairs } from "./field-pairs.ts";
import { QueryPairs, queryText } from "./query.ts";
import type { RequestView } from "./request-view.ts";
import type { RouteMatch } from "./snapshot.ts";
import { WantedPairs } from "./wanted-pairs.ts";

/** What a route asks for besides its path: methods, and ids of pairs of each kind. */
export type Conditions = {
  readonly methods: readonly string[];
  readonly headers: readonly number[];
  readonly query: readonly number[];
  readonly cookies: readonly number[];
};

/** One list for all that want nothing: a look through thousands of routes reads less memory. */
const NONE: readonly never[] = [];

/**
 * The conditions of all routes of a service. Fields, query and cookies of a request are read when
 * the first route asks for them, each once. It works on one request at a time and keeps nothing of
 * it.
 */
export class RouteConditions {
  readonly #headers = new LazyPairs(new WantedPairs(new FieldPairs()));
  readonly #query = new LazyPairs(new WantedPairs(new QueryPairs()));
  readonly #cookies = new LazyPairs(new WantedPairs(new CookiePairs()));

  /** The conditions of one more route. */
  compile({ methods, headers, query, cookies }: RouteMatch): Conditions {
    return {
      methods: methods.length === 0 ? NONE : methods,
      headers: this.#headers.want(headers),
      query: this.#query.want(query, queryText),
      cookies: this.#cookies.want(cookies),
    };
  }

  /** Before another request. */
  begin(): void {
    this.#headers.isRead = false;
    this.#query.isRead = false;
    this.#cookies.isRead = false;
  }

  /** Whether the request fulfils all conditions of a route; paths are not looked at here. */
  fulfils(request: RequestView, { methods, headers, query, cookies }: Conditions): boolean {
    if (methods.length > 0 && !methods.includes(request.method)) return false;
    return (
      this.#headers.holds(request, headers) &&
      this.#query.holds(request, query) &&
      this.#cookies.holds(request, cookies)
    );
  }
}

/** Whether a route takes every request whose path it matches. */
export function isUnconditional({ methods, headers, query, cookies }: Conditions): boolean {
  return methods.length + headers.length + query.length + cookies.length === 0;
}

/** Pairs of one kind, read when somebody wants to know. */
class LazyPairs {
  isRead = false;
  readonly #pairs: WantedPairs;

  constructor(pairs: WantedPairs) {
    this.#pairs = pairs;
  }

  want(
    record: Readonly<Record<string, string>>,
    textOf: (text: string) => string = String,
  ): readonly number[] {
    const entries = Object.entries(record);
    if (entries.length === 0) return NONE;
    return entries.map(([name, value]) => this.#pairs.want(textOf(name), textOf(value)));
  }

  holds(request: RequestView, ids: readonly number[]): boolean {
    if (ids.length === 0) return true;
    if (!this.isRead) this.#pairs.read(request);
    this.isRead = true;
    return this.#pairs.fulfils(ids);
  }
}
