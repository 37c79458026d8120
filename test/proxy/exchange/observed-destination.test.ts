import { expect, test } from "vitest";
import { FailingClients } from "../../../proxy/metrics/failing-clients.ts";
import type { ServiceSnapshot } from "../../../proxy/table/snapshot.ts";
import { ObservedVersion } from "../../../proxy/upstream/observed-version.ts";
import { route, serviceSnapshot, serviceTable } from "../table/service-fixture.ts";
import { destination, exchangeClient, liveService, requestHead } from "./exchange-fixture.ts";

/* Goal: what a destination counts of the versions of a service that is observed. */

const { policy } = serviceSnapshot({ v1: 1 });
const CLIENT = { address: "192.0.2.1", trusted: false };
const TIME = { nowMs: () => 0, secondAt: () => 1, wantedUntilS: 1 };

/** Exchanges, one after the other, at a service with v1 and, without a share, v2. */
class Bed {
  readonly to = destination();
  readonly #live;
  readonly #observed: readonly ObservedVersion[];

  constructor(service: Partial<ServiceSnapshot> = {}) {
    this.#live = liveService(serviceTable({ v1: 1, v2: 0 }, service));
    this.#observed = this.#live.pools.map((pool) => {
      pool.observed = new ObservedVersion(TIME, new FailingClients(), () => undefined);
      return pool.observed;
    });
  }

  /** One begins. `named`: the version that a filter chooses. */
  begin(fields = "", named?: string): void {
    const head = requestHead(`GET /a HTTP/1.1\r\nHost: web\r\n${fields}\r\n`);
    this.to.clear();
    this.to.find(head, exchangeClient(this.#live));
    this.to.named = this.#live.table.versions.find(({ name }) => name === named);
    expect(this.to.enter(this.#live, head, CLIENT)).toBeUndefined();
  }

  /** It ends with a status. */
  end(status: number): void {
    this.to.leave(status, 1, false);
  }

  /** One that is answered well. */
  visit(fields = "", named?: string): void {
    this.begin(fields, named);
    this.to.attemptAnswered(200);
    this.end(200);
  }

  /** Of each version: [requests, failures, requests by route]. */
  get counted(): readonly (readonly number[])[] {
    return this.#observed.map((each) => {
      const { requests, failures, routes } = each.counts(1);
      return [requests, failures, ...(routes ?? []).map(([count]) => count)];
    });
  }
}

test("Destination counts the first attempt alone, where it was", () => {
  const bed = new Bed({ policy: { ...policy, retries: { ...policy.retries, across: "any" } } });
  bed.begin();
  bed.to.attemptEnded(undefined, "reset");
  bed.to.moveForRetry(undefined);
  bed.to.attemptAnswered(200);
  bed.end(200);
  expect(bed.counted).toEqual([
    [1, 1],
    [0, 0],
  ]);
  bed.visit();
  expect(bed.counted[0]).toEqual([2, 1]);
});

test("Destination counts who leaves without an answer, and an error for want of a place", () => {
  const bed = new Bed();
  for (const status of [0, 503, 408]) {
    bed.begin();
    bed.end(status);
  }
  expect(bed.counted[0]).toEqual([2, 1]);
});

test("Destination counts by route what the split has decided, or a version without a share", () => {
  const routes = [
    route({ headers: { "x-to": "v1" } }, "v1"),
    route({ headers: { "x-slow": "1" } }),
  ];
  const bed = new Bed({ routes });
  bed.visit();
  bed.visit("X-To: v1\r\n");
  bed.visit("", "v1");
  bed.visit("X-Slow: 1\r\n");
  expect(bed.counted[0]).toEqual([2, 0, 1, 0, 1]);
  bed.visit("", "v2");
  expect(bed.counted[1]).toEqual([1, 0, 1]);
});
