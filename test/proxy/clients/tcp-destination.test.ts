import { describe, expect, test } from "vitest";
import { TcpDestination } from "../../../proxy/clients/tcp-destination.ts";
import { FailingClients } from "../../../proxy/metrics/failing-clients.ts";
import type { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { ObservedVersion } from "../../../proxy/upstream/observed-version.ts";
import type { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import type { LiveService } from "../../../proxy/upstream/live-service.ts";
import { serveParts } from "../hand-over/hand-over-fixture.ts";

const ONE = { weight: 1, endpoints: ["10.0.0.1:1"] };
const TWO = { weight: 1, endpoints: ["10.0.0.1:1", "10.0.0.2:1"] };
const NONE = { weight: 1, endpoints: [] };

/** A service of kind tcp with these versions, of which the first is stable. */
function service(versions: object, settings: object = {}): LiveService {
  const all = { kind: "tcp", via: undefined, versions, ...settings };
  return serveParts("10.0.0.1:1", "test", undefined, all).services.byName("web") as LiveService;
}

/** A destination that has got this far, and where it counts. */
function entered(live: LiveService, address = ""): { to: TcpDestination; pool: VersionPool } {
  const to = new TcpDestination(live);
  expect(to.enter(address)).toBe(undefined);
  return { to, pool: to.pool as VersionPool };
}

function failuresOf(live: LiveService, version: number): Readonly<Record<string, number>> {
  return live.pools[version]?.counters.tunnels.counts().failures ?? {};
}

describe("TcpDestination", () => {
  test("counts as under way at its version until it leaves, once", () => {
    const live = service({ v1: ONE });
    const { to, pool } = entered(live);
    expect(pool.inFlight).toBe(1);
    to.leave();
    to.leave();
    expect([pool.inFlight, to.pool]).toEqual([0, undefined]);
  });

  test("divides exactly without a key, and by address with one", () => {
    const names = (live: LiveService, address: string): string[] =>
      Array.from({ length: 10 }, () => entered(live, address).pool.version);
    const free = names(service({ v1: ONE, v2: ONE }), "192.0.2.1");
    expect(free.filter((name) => name === "v1")).toHaveLength(5);
    const live = service({ v1: ONE, v2: ONE }, { affinity: { clientIp: true } });
    expect(new Set(names(live, "192.0.2.1")).size).toBe(1);
    expect(new Set(names(live, "")).size).toBe(2);
  });

  test("gives way to stable, and counts at stable what nobody takes", () => {
    const live = service({ v1: ONE, v2: NONE });
    expect([entered(live).pool.version, entered(live).pool.version]).toEqual(["v1", "v1"]);
    const empty = service({ v1: NONE, v2: NONE });
    expect(new TcpDestination(empty).enter("")).toBe("no-endpoint");
    expect(failuresOf(empty, 0)).toEqual({ "no-endpoint": 1 });
    expect(empty).toMatchObject({ upgrades: 1, upgradesFailed: 1 });
  });

  test("takes no more than its tunnels and those that will be", () => {
    const live = service({ v1: ONE }, { limits: { tunnels: 2 } });
    const { pool } = entered(live);
    pool.counters.tunnelsOpen = 1;
    expect(new TcpDestination(live).enter("")).toBe("overloaded");
    pool.counters.tunnelsOpen = 0;
    entered(live);
  });

  test("tries again as often as it may: elsewhere in its version, else at stable", () => {
    const live = service({ v1: ONE, v2: ONE }, { retries: { attempts: 2 }, stable: "v2" });
    const [first, second] = [entered(live), entered(live)];
    const { to, pool } = first.pool.version === "v1" ? first : second;
    const endpoint = [...pool.endpoints.values()][0];
    expect(to.failed("refused", endpoint)).toBe(undefined);
    expect([pool.inFlight, to.pool?.version, to.pool?.inFlight]).toEqual([0, "v2", 2]);
    expect(pool.counters.stats("web", "v1", 0)).toMatchObject({ retriesCrossed: 1 });
    expect(endpoint?.failures).toBe(1);
    expect(to.failed("timeout", undefined)).toBe(undefined);
    expect(to.failed("timeout", undefined)).toBe("connect-timeout");
    expect(failuresOf(live, 1)).toEqual({ "connect-timeout": 1 });
  });

  test("stays in its version while that has another endpoint, or its key is there", () => {
    const two = service({ v1: TWO, v2: ONE }, { stable: "v2" });
    const all = [entered(two), entered(two)];
    const there = all.find(({ pool }) => pool.version === "v1");
    expect(there?.to.failed("refused", undefined)).toBe(undefined);
    expect(there?.to.pool).toBe(there?.pool);
    const keyed = service({ v1: ONE, v2: ONE }, { affinity: { clientIp: true }, stable: "v2" });
    const { to, pool } = entered(keyed, "192.0.2.7");
    expect(to.failed("refused", undefined)).toBe(undefined);
    expect(to.pool).toBe(pool);
  });

  test("does not blame an endpoint for a fault of ours", () => {
    const live = service({ v1: ONE });
    const { to, pool } = entered(live);
    const endpoint = [...pool.endpoints.values()][0];
    to.failed("local", endpoint);
    expect(endpoint?.failures).toBe(0);
  });

  test("is under way no more when an endpoint stands, which is well", () => {
    const live = service({ v1: ONE });
    const { to, pool } = entered(live);
    const [endpoint] = pool.endpoints.values();
    if (endpoint === undefined) throw new Error("It has none");
    endpoint.failures = 2;
    to.reached(endpoint);
    expect([endpoint.failures, pool.inFlight, to.pool]).toEqual([0, 0, undefined]);
    expect(live).toMatchObject({ upgrades: 1, upgradesFailed: 0 });
  });

  test("counts its first try alone where its version is observed", () => {
    const live = service({ v1: TWO }, { retries: { attempts: 2 } });
    const time = { nowMs: () => 0, secondAt: () => 1, wantedUntilS: 1 };
    const observed = new ObservedVersion(time, new FailingClients(), () => undefined);
    for (const pool of live.pools) pool.observed = observed;
    const { to } = entered(live);
    expect(to.failed("refused", undefined)).toBeUndefined();
    const [endpoint] = live.pools[0]?.endpoints.values() ?? [];
    to.reached(endpoint as Endpoint);
    entered(live).to.reached(endpoint as Endpoint);
    expect(observed.counts(1)).toMatchObject({ requests: 2, failures: 1 });
  });
});
