import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import type { RateLimitSnapshot } from "../../../proxy/table/rate-limit.ts";
import type { RouteSnapshot, ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import { RateLimits } from "../../../proxy/upstream/rate-limits.ts";
import { request, route, serviceSnapshot, serviceTable } from "../table/service-fixture.ts";

const ONE: RateLimitSnapshot = { requests: 1, perS: 60, by: undefined, keysMax: 100 };

function limited(path: string, rateLimit = ONE): RouteSnapshot {
  return { ...route({ path: { kind: "prefix", path } }), rateLimit };
}

/** Asks for each path in turn, from this address; gives the limit that each was over. */
function asking(parts: Partial<ServiceSnapshot>): (path: string, address?: string) => unknown {
  const table = serviceTable({ v1: 1 }, parts);
  const limits = new RateLimits(seededRandom(1));
  limits.follow(table.snapshot);
  return (path, address = "10.0.0.1") => {
    const view = request(path, { "x-key": address });
    return limits.take(table.route(view), { request: view, address, nowMs: 0 }, () => undefined);
  };
}

describe("RateLimits", () => {
  test("are of a route, or of the service with all its routes", () => {
    const ask = asking({ routes: [limited("/a"), route({})], rateLimit: { ...ONE, requests: 3 } });
    expect([ask("/a"), ask("/a"), ask("/b"), ask("/b")]).toEqual([
      undefined,
      "route",
      undefined,
      "service",
    ]);
  });

  test("count routes with equal limits apart", () => {
    const ask = asking({ routes: [limited("/a"), limited("/b")] });
    expect([ask("/a"), ask("/b"), ask("/b"), ask("/c")]).toEqual([
      undefined,
      undefined,
      "route",
      undefined,
    ]);
  });

  test("tell clients apart by address, one site of IPv6 for one, or by a field", () => {
    const byAddress = asking({ routes: [limited("/", { ...ONE, by: { kind: "clientIp" } })] });
    expect(
      ["10.0.0.1", "10.0.0.2", "10.0.0.1", "2001:db8::1", "2001:db8::2"].map((address) =>
        byAddress("/", address),
      ),
    ).toEqual([undefined, undefined, "route", undefined, "route"]);
    const by = { kind: "header", name: "x-key" } as const;
    const byField = asking({ routes: [limited("/", { ...ONE, by })] });
    expect(["a", "b", "a"].map((key) => byField("/", key))).toEqual([
      undefined,
      undefined,
      "route",
    ]);
  });

  test("go on counting across tables, until the limit itself is another", () => {
    const limits = new RateLimits(seededRandom(1));
    const take = (snapshot: ServiceSnapshot): unknown => {
      const table = serviceTable({ v1: 1 }, snapshot);
      limits.follow(table.snapshot);
      const view = request("/a");
      const asked = { request: view, address: "", nowMs: 0 };
      return limits.take(table.route(view), asked, () => undefined);
    };
    const first = serviceSnapshot({ v1: 1 }, { routes: [limited("/a")] });
    const same = serviceSnapshot({ v1: 9 }, { routes: [route({}, "v1"), limited("/a")].slice(1) });
    const other = serviceSnapshot({ v1: 1 }, { routes: [limited("/a", { ...ONE, perS: 5 })] });
    expect([take(first), take(same), take(other)]).toEqual([undefined, "route", undefined]);
  });

  test("are none where nobody has one", () => {
    const limits = new RateLimits(seededRandom(1));
    expect(limits.follow(serviceSnapshot({ v1: 1 }, { routes: [route({})] }))).toBe(false);
    expect(limits.follow(serviceSnapshot({ v1: 1 }, { rateLimit: ONE }))).toBe(true);
  });
});
