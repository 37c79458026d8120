import { describe, expect, test } from "vitest";
import type { ProxyError } from "../../../proxy/exchange/respond.ts";
import { ATTEMPT_OUTCOMES, CODE_CLASSES } from "../../../proxy/metrics/stats.ts";
import type { AffinitySnapshot, Policy, ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import type { LiveService } from "../../../proxy/upstream/live-service.ts";
import { route, serviceSnapshot, serviceTable } from "../table/service-fixture.ts";
import type { VersionParts } from "../table/service-fixture.ts";
import { destination, exchangeClient, liveService, requestHead } from "./exchange-fixture.ts";

/*
 * Goal: which version gets a request, and that everything that is counted as under way is taken
 * back, wherever retries have moved it. Method: a real service of versions whose endpoints are
 * never connected to.
 */

const { policy } = serviceSnapshot({ v1: 1 });
const CLIENT = { address: "192.0.2.1", trusted: false };
const NONE: VersionParts = { weight: 1, endpoints: [] };
const KEYED: AffinitySnapshot = { kind: "header", name: "x-user" };

/** One exchange's destination, request after request. */
class Bed {
  readonly live: LiveService;
  readonly to = destination();
  /** What the client's connection follows. */
  readonly followed: Policy[] = [];

  constructor(
    versions: Readonly<Record<string, VersionParts>>,
    service: Partial<ServiceSnapshot> = {},
  ) {
    this.live = liveService(serviceTable(versions, service));
  }

  /** A request finds the service and chooses; `named`: a filter's choice. */
  go(fields = "", named?: string): ProxyError | undefined {
    const head = requestHead(`GET /a HTTP/1.1\r\nHost: web\r\n${fields}\r\n`);
    const { live, to } = this;
    to.clear();
    to.find(head, exchangeClient(live, { followPolicy: (each) => this.followed.push(each) }));
    if (named !== undefined) to.named = live.table.versions.find(({ name }) => name === named);
    return to.enter(live, head, CLIENT);
  }

  /** A call has ended badly, by itself or because it was taken away. */
  endCall(isTakenAway: boolean): void {
    this.go();
    this.to.attemptAnswered(200);
    this.to.grpc.isCall = true;
    this.to.grpc.status = "UNAVAILABLE";
    this.to.leave(200, 1, false, undefined, isTakenAway);
  }

  /** Where a whole exchange went. */
  visit(fields = "", named?: string): string | undefined {
    const error = this.go(fields, named);
    const version = this.to.pool?.version;
    this.to.leave(200, 1, false, undefined);
    return error ?? version;
  }

  /** Exchanges under way: of the service, then of each version. */
  get inFlight(): readonly number[] {
    return [this.live.inFlight, ...this.live.pools.map(({ inFlight }) => inFlight)];
  }

  /** What a version has counted, without what is 0. */
  counted(version: string): Record<string, number> {
    const pool = this.live.pools.find((each) => each.version === version);
    const stats = pool?.counters.stats("web", version, 0);
    const { codes = [], outcomes = [], retries = 0, retriesCrossed = 0 } = stats ?? {};
    const all = [
      ...CODE_CLASSES.map((name, at) => [name, codes[at] ?? 0] as const),
      ...ATTEMPT_OUTCOMES.map((name, at) => [`attempt ${name}`, outcomes[at] ?? 0] as const),
      ["retries", retries] as const,
      ["crossed", retriesCrossed] as const,
    ];
    return Object.fromEntries(all.filter(([, count]) => count > 0));
  }
}

describe("Destination.find()", () => {
  test("knows nothing of a Host that no service has, and sets no bound", () => {
    const bed = new Bed({ v1: 1 });
    bed.visit();
    const { live, to } = bed;
    to.clear();
    const head = requestHead("GET / HTTP/1.1\r\nHost: other\r\n\r\n");
    expect(to.find(head, exchangeClient(live))).toBeUndefined();
    expect([to.live, to.policy.timeoutMs, to.policy.retries.attempts]).toEqual([undefined, 0, 0]);
  });

  test("takes the policy of the route that matches, or the service's; so does the client", () => {
    const slow = { ...policy, timeoutMs: 99_000 };
    const routes = [{ ...route({ headers: { "x-slow": "1" } }), policy: slow }];
    const bed = new Bed({ v1: 1 }, { routes });
    bed.go("X-Slow: 1\r\n");
    expect(bed.to.policy).toBe(slow);
    bed.go();
    expect(bed.to.policy).toBe(policy);
    expect(bed.followed).toEqual([slow, policy]);
  });
});

describe("Destination.enter()", () => {
  test("counts the exchange at the service and at its version, until it leaves", () => {
    const bed = new Bed({ v1: 1, v2: 0 });
    expect(bed.go()).toBeUndefined();
    expect(bed.inFlight).toEqual([1, 1, 0]);
    bed.to.leave(200, 1, false, undefined);
    expect([bed.inFlight, bed.counted("v1")]).toEqual([[0, 0, 0], { "2xx": 1 }]);
  });

  test("does not blame a version for a call that is taken away from it", () => {
    const grpc = { failures: ["UNAVAILABLE"] } as const;
    const [blamed, away] = [new Bed({ v1: 1 }, { grpc }), new Bed({ v1: 1 }, { grpc })];
    blamed.endCall(false);
    away.endCall(true);
    expect(blamed.counted("v1")).toEqual({ "5xx": 1, "attempt ok": 1 });
    expect(away.counted("v1")).toEqual({ "2xx": 1, "attempt ok": 1 });
  });

  test("shares requests out by weight", () => {
    const bed = new Bed({ v1: 3, v2: 1 });
    const visits = Array.from({ length: 40 }, () => bed.visit());
    expect(visits.filter((version) => version === "v2")).toHaveLength(10);
  });

  test("keeps a key at its version, and shares keys out", () => {
    const bed = new Bed({ v1: 1, v2: 1 }, { affinity: KEYED });
    const visits = Array.from({ length: 20 }, (_, at) => `X-User: ${at}\r\n`).map((user) => [
      bed.visit(user),
      bed.visit(user),
    ]);
    expect(visits.filter(([first, second]) => first !== second)).toEqual([]);
    expect(new Set(visits.flat()).size).toBe(2);
  });

  test("goes to stable in place of a version without endpoints, and never the other way", () => {
    expect(new Bed({ v1: 0, v2: NONE }).visit()).toBe("v1");
    expect(new Bed({ v1: NONE, v2: 0 }).visit()).toBe("no-endpoint");
  });

  test("refuses above the version's bound, and counts nothing for it", () => {
    const bed = new Bed(
      { v1: 1 },
      { limits: { connections: 1, pending: 1, inFlight: 1, tunnels: 1, streams: 1 } },
    );
    const other = destination();
    const head = requestHead("GET / HTTP/1.1\r\nHost: web\r\n\r\n");
    other.find(head, exchangeClient(bed.live));
    other.enter(bed.live, head, CLIENT);
    expect(bed.go()).toBe("overloaded");
    bed.to.leave(503, 1, false, undefined);
    expect([bed.inFlight, bed.counted("v1")]).toEqual([[1, 1], {}]);
  });

  test("goes where the route says, whatever the weights and the key", () => {
    const to = { affinity: KEYED, routes: [route({}, "v2")] };
    const bed = new Bed({ v1: 1, v2: 0 }, to);
    expect(["1", "2", "3"].map((user) => bed.visit(`X-User: ${user}\r\n`))).toEqual([
      "v2",
      "v2",
      "v2",
    ]);
    expect(new Bed({ v1: 1, v2: { state: "drain" } }, to).visit()).toBe("v2");
  });

  test.each([
    ["has no endpoint", NONE],
    ["is in maintenance", { weight: 1, state: "maint" } as const],
  ])("serves nobody else where the version that was named %s", (_why, v2) => {
    const bed = new Bed({ v1: 1, v2 }, { routes: [route({}, "v2")] });
    expect([bed.visit(), bed.inFlight]).toEqual(["no-endpoint", [0, 0, 0]]);
  });

  test("takes a filter's choice before the route's, for this request only", () => {
    const bed = new Bed({ v1: 1, v2: 0, v3: 0 }, { routes: [route({}, "v2")] });
    expect([bed.visit("", "v3"), bed.visit()]).toEqual(["v3", "v2"]);
  });
});

describe("Destination.moveForRetry()", () => {
  const across: Partial<ServiceSnapshot> = {
    policy: { ...policy, retries: { ...policy.retries, across: "any" } },
  };

  test("moves what is under way to the version that may take it, and leaves from there", () => {
    const bed = new Bed({ v1: 0, v2: 1 }, across);
    bed.go();
    bed.to.attemptEnded(undefined, "connect");
    bed.to.moveForRetry(undefined);
    expect([bed.to.pool?.version, bed.inFlight]).toEqual(["v1", [1, 1, 0]]);
    bed.live.retrying += 1;
    bed.to.attemptAnswered(200);
    bed.to.leave(200, 1, true, undefined);
    expect([bed.inFlight, bed.live.retrying]).toEqual([[0, 0, 0], 0]);
    expect(bed.counted("v2")).toEqual({ "attempt connect": 1, crossed: 1 });
    expect(bed.counted("v1")).toEqual({ "attempt ok": 1, "2xx": 1 });
  });

  test("stays at the version of a key, a route or a filter", () => {
    const keyed = new Bed({ v1: 0, v2: 1 }, { ...across, affinity: KEYED });
    keyed.go("X-User: 1\r\n");
    const routed = new Bed({ v1: 1, v2: 0 }, { ...across, routes: [route({}, "v2")] });
    routed.go();
    const filtered = new Bed({ v1: 1, v2: 0 }, across);
    filtered.go("", "v2");
    for (const bed of [keyed, routed, filtered]) {
      bed.to.moveForRetry(undefined);
      expect([bed.to.pool?.version, bed.inFlight]).toEqual(["v2", [1, 0, 1]]);
      expect(bed.counted("v2")).toEqual({ retries: 1 });
    }
  });

  test("leaves the version again when the request before had a key and this one has none", () => {
    const bed = new Bed({ v1: 0, v2: 1 }, { ...across, affinity: KEYED });
    bed.visit("X-User: 1\r\n");
    bed.go();
    bed.to.moveForRetry(undefined);
    expect(bed.to.pool?.version).toBe("v1");
  });
});

describe("Destination.attemptEnded()", () => {
  test("counts an answer once, as what it was", () => {
    const bed = new Bed({ v1: 1 });
    bed.go();
    bed.to.attemptAnswered(404);
    bed.to.attemptEnded(undefined);
    bed.to.leave(404, 1, false, undefined);
    bed.go();
    bed.to.attemptAnswered(500);
    bed.to.leave(500, 1, false, undefined);
    expect(bed.counted("v1")).toEqual({ "4xx": 1, "5xx": 1, "attempt ok": 1, "attempt 5xx": 1 });
  });

  test("counts an answer that broke off as broken, and not as an answer too", () => {
    const bed = new Bed({ v1: 1 });
    bed.go();
    bed.to.attemptAnswered(200);
    bed.to.attemptEnded(undefined, "reset");
    bed.to.leave(200, 1, false, undefined);
    expect(bed.counted("v1")).toEqual({ "2xx": 1, "attempt reset": 1 });
  });

  test("counts nothing for a client that left before there was an answer", () => {
    const bed = new Bed({ v1: 1 });
    bed.go();
    bed.to.leave(0, 1, false, undefined);
    expect(bed.counted("v1")).toEqual({ "0xx": 1 });
  });
});

describe("Destination.leave()", () => {
  const UPGRADE =
    "Connection: upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

  function handshakes(fields: string, status: number): readonly number[] {
    const bed = new Bed({ v1: 1 });
    bed.go(fields);
    bed.to.leave(status, 1, false, undefined);
    bed.to.leave(status, 1, false, undefined);
    return [bed.live.upgrades, bed.live.upgradesFailed];
  }

  test("counts how a WebSocket's handshake ended, once, and no other request as one", () => {
    expect(handshakes(UPGRADE, 101)).toEqual([1, 0]);
    expect(handshakes(UPGRADE, 403)).toEqual([1, 1]);
    expect(handshakes(UPGRADE, 0)).toEqual([1, 1]);
    expect(handshakes("", 200)).toEqual([0, 0]);
  });

  test("takes nothing back twice, and nothing that never came in", () => {
    const bed = new Bed({ v1: 1 });
    bed.to.leave(404, 1, false, undefined);
    bed.go();
    bed.to.leave(200, 1, false, undefined);
    bed.to.leave(200, 1, false, undefined);
    bed.to.clear();
    bed.to.leave(400, 1, false, undefined);
    expect([bed.inFlight, bed.counted("v1")]).toEqual([[0, 0], { "2xx": 1 }]);
  });
});

describe("Destination.enter() of a version that is full", () => {
  const { limits } = serviceSnapshot({ v1: 1 });

  test("refuses at once, unless requests may wait for their turn", () => {
    const bed = new Bed({ v1: 1 }, { limits: { ...limits, inFlight: 1 } });
    expect([bed.go(), bed.inFlight]).toEqual([undefined, [1, 1]]);
    expect([bed.go(), bed.inFlight]).toEqual(["overloaded", [1, 1]]);
  });

  test("counts who waits at the service, and not at the version", () => {
    const waits = { ...limits, inFlight: 1, pending: 1, pendingTimeoutMs: 1_000 };
    const bed = new Bed({ v1: 1 }, { limits: waits });
    bed.go();
    expect([bed.go(), bed.to.isQueued, bed.inFlight]).toEqual([undefined, true, [2, 1]]);
    bed.to.leave(503, 1, false);
    expect(bed.inFlight).toEqual([1, 1]);
  });

  test("lets nobody wait where nothing is let through", () => {
    const none = { ...limits, inFlight: 0, pendingTimeoutMs: 1_000 };
    expect(new Bed({ v1: 1 }, { limits: none }).go()).toBe("overloaded");
  });

  test("sheds what matters less first, if routes say so", () => {
    const routes = (["high", "low"] as const).map((priority) => ({
      ...route({ headers: { "x-p": priority } }),
      priority,
    }));
    const bed = new Bed({ v1: 1 }, { limits: { ...limits, inFlight: 20 }, routes });
    const fill = (fields: string): number => {
      while (bed.go(fields) === undefined);
      return bed.live.pools[0]?.inFlight ?? 0;
    };
    expect([fill("x-p: low\r\n"), fill(""), fill("x-p: high\r\n")]).toEqual([15, 18, 20]);
  });
});
