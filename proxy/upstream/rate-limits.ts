import type { Random } from "../base/random.ts";
import { keyReader } from "../table/affinity.ts";
import type { KeyReader } from "../table/affinity.ts";
import type { RateLimitSnapshot } from "../table/rate-limit.ts";
import type { RequestView } from "../table/request-view.ts";
import type { RouteTable } from "../table/route-table.ts";
import type { RouteSnapshot, ServiceSnapshot } from "../table/snapshot.ts";
import { addressKey } from "./address-key.ts";
import { KeyedRate } from "./keyed-rate.ts";

/** Whose limit it is. */
export type LimitScope = "service" | "route";

type Limiter = { readonly rate: KeyedRate; readonly read: KeyReader };

/** A request and who sends it. */
type Asked = { readonly request: RequestView; readonly address: string; readonly nowMs: number };

/** The rate limits of a service and its routes. What they have counted outlives tables. */
export class RateLimits {
  readonly #random: Random;
  #ofRoutes = new Map<RouteSnapshot, Limiter>();
  /** By what each is for: what is equal in the next table goes on counting. */
  #byText = new Map<string, Limiter>();
  #ofService: Limiter | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Follows a table. Returns whether there is any limit. */
  follow({ rateLimit, routes }: ServiceSnapshot): boolean {
    const before = this.#byText;
    this.#byText = new Map();
    this.#ofRoutes = new Map();
    const limiterFor = (scope: unknown, limit: RateLimitSnapshot): Limiter => {
      const text = JSON.stringify([scope, limit]);
      const limiter = before.get(text) ?? this.#limiter(limit);
      this.#byText.set(text, limiter);
      return limiter;
    };
    this.#ofService = rateLimit && limiterFor("service", rateLimit);
    for (const route of routes) {
      const { match, rateLimit: limit } = route;
      if (limit !== undefined) this.#ofRoutes.set(route, limiterFor(match, limit));
    }
    return this.#byText.size > 0;
  }

  /**
   * Takes one request. Returns the limit that it is over; undefined: none. `say` hears of each
   * limit that was asked, with what is left.
   */
  take(
    route: RouteTable | undefined,
    asked: Asked,
    say: (scope: LimitScope, rate: KeyedRate) => void,
  ): LimitScope | undefined {
    const ofRoute = route && this.#ofRoutes.get(route.snapshot);
    if (!isTaken(this.#ofService, asked, "service", say)) return "service";
    return isTaken(ofRoute, asked, "route", say) ? undefined : "route";
  }

  #limiter(limit: RateLimitSnapshot): Limiter {
    const read = keyReader(limit.by);
    return {
      rate: new KeyedRate(limit, this.#random),
      read: limit.by?.kind === "clientIp" ? (_request, address) => addressKey(address) : read,
    };
  }
}

function isTaken(
  limiter: Limiter | undefined,
  { request, address, nowMs }: Asked,
  scope: LimitScope,
  say: (scope: LimitScope, rate: KeyedRate) => void,
): boolean {
  if (limiter === undefined) return true;
  const taken = limiter.rate.take(limiter.read(request, address) ?? "", nowMs);
  say(scope, limiter.rate);
  return taken;
}
