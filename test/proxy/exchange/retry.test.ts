import { describe, expect, onTestFinished, test } from "vitest";
import { Retries, poolForRetry } from "../../../proxy/exchange/retry.ts";
import type { UnansweredRequest } from "../../../proxy/exchange/retry.ts";
import type { RetryPolicy } from "../../../proxy/table/snapshot.ts";
import { LiveService } from "../../../proxy/upstream/live-service.ts";
import type { VersionPool } from "../../../proxy/upstream/version-pool.ts";
import { serviceTable } from "../table/service-fixture.ts";
import type { VersionParts } from "../table/service-fixture.ts";
import { endpointSnapshot, poolDeps } from "../upstream/pool-fixture.ts";

const policy: RetryPolicy = {
  attempts: 2,
  on: ["connect", "503"],
  across: "never",
  budgetPercent: 20,
  budgetMin: 3,
};

const get: UnansweredRequest = { written: true, idempotent: true, replayable: true, done: true };
const post: UnansweredRequest = { written: true, idempotent: false, replayable: true, done: true };

function liveService(versions: Readonly<Record<string, VersionParts>>): LiveService {
  const live = new LiveService(serviceTable(versions), poolDeps());
  onTestFinished(() => live.close());
  return live;
}

function service(retries: Partial<RetryPolicy> = {}): {
  readonly policy: { readonly retries: RetryPolicy };
  readonly live: LiveService;
} {
  return { policy: { retries: { ...policy, ...retries } }, live: liveService({ v1: 1 }) };
}

describe("Retries.decide()", () => {
  test("repeats as often as the policy says, and counts against the budget once", () => {
    const retries = new Retries();
    const to = service();
    const decide = (): string => retries.decide("connect", get, false, to);
    expect(retries.onBudget).toBe(false);
    expect([decide(), decide(), decide()]).toEqual(["policy", "policy", "no"]);
    expect([retries.onBudget, to.live.retrying]).toEqual([true, 1]);
  });

  test("repeats nothing that the policy does not name, and nothing without a cause", () => {
    const retries = new Retries();
    expect(retries.decide("reset-before-response", get, false, service())).toBe("no");
    expect(retries.decide(undefined, get, false, service())).toBe("no");
  });

  test("never sends a request twice that is not idempotent, once a byte of it was written", () => {
    const retries = new Retries();
    expect(retries.decide("connect", post, false, service())).toBe("no");
    expect(retries.decide("reset-before-response", post, true, service())).toBe("no");
    expect(retries.decide("connect", { ...post, written: false }, false, service())).toBe("policy");
  });

  test("repeats nothing of which a part is gone", () => {
    const gone = { ...get, replayable: false };
    expect(new Retries().decide("connect", gone, true, service())).toBe("no");
  });

  test("goes once to a fresh connection when a kept one was closed, whatever the policy", () => {
    const retries = new Retries();
    const to = service({ attempts: 0, on: [] });
    const decide = (): string => retries.decide("reset-before-response", get, true, to);
    expect([decide(), decide()]).toEqual(["stale", "no"]);
    expect([retries.onBudget, to.live.retrying]).toEqual([false, 0]);
    retries.clear();
    expect(decide()).toBe("stale");
  });

  test("repeats nothing when the service's budget is spent", () => {
    const to = service({ budgetPercent: 0, budgetMin: 1 });
    to.live.retrying = 1;
    expect(new Retries().decide("connect", get, false, to)).toBe("no");
  });
});

describe("poolForRetry()", () => {
  const two = ["127.0.0.1:1", "127.0.0.1:2"].map((address) => endpointSnapshot(address));
  const none: VersionParts = { weight: 1, endpoints: [] };

  function next(
    versions: Readonly<Record<string, VersionParts>>,
    across: RetryPolicy["across"],
    pinned = false,
  ): string {
    const live = liveService(versions);
    const failed = live.pools.find(({ version }) => version === "v2") as VersionPool;
    return poolForRetry(live, failed, across, pinned).version;
  }

  test("stays at the version while it has another endpoint", () => {
    expect(next({ v1: 1, v2: { weight: 1, endpoints: two } }, "any")).toBe("v2");
  });

  test("goes to stable before all others, where the policy lets it leave the version", () => {
    expect(next({ v1: 1, v2: 1, v3: 1 }, "any")).toBe("v1");
    expect(next({ v1: 1, v2: 1 }, "stable-only")).toBe("v1");
    expect(next({ v1: 1, v2: 1 }, "never")).toBe("v2");
  });

  test("never takes a pinned request out of its version", () => {
    expect(next({ v1: 1, v2: 1 }, "any", true)).toBe("v2");
  });

  test("goes elsewhere than to a stable without endpoints, but to nobody without weight", () => {
    expect(next({ v1: none, v2: 1, v3: 1 }, "any")).toBe("v3");
    expect(next({ v1: none, v2: 1, v3: 1 }, "stable-only")).toBe("v2");
    expect(next({ v1: none, v2: 1, v3: 0 }, "any")).toBe("v2");
  });
});

describe("Retries.replacesLeftover()", () => {
  test("is once for each exchange, and only on a connection that was used before", () => {
    const retries = new Retries();
    const replaces = (isReused: boolean): boolean => retries.replacesLeftover(get, isReused, false);
    expect([replaces(false), replaces(true), replaces(true)]).toEqual([false, true, false]);
    retries.clear();
    expect(replaces(true)).toBe(true);
  });

  test("takes a POST again only when the endpoint says that it has not had it", () => {
    expect(new Retries().replacesLeftover(post, true, false)).toBe(false);
    expect(new Retries().replacesLeftover(post, true, true)).toBe(true);
  });

  test("needs the whole request", () => {
    const partial = { ...get, done: false };
    expect(new Retries().replacesLeftover(partial, true, true)).toBe(false);
    expect(new Retries().replacesLeftover({ ...get, replayable: false }, true, true)).toBe(false);
  });
});
