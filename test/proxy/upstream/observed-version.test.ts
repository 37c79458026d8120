import { expect, test } from "vitest";
import { FailingClients } from "../../../proxy/metrics/failing-clients.ts";
import { NOTHING_COUNTED } from "../../../proxy/metrics/second-counters.ts";
import { oldestKept, ObservedVersion } from "../../../proxy/upstream/observed-version.ts";
import type { EndedAttempt } from "../../../proxy/upstream/observed-version.ts";

const TIME = { nowMs: () => 0, secondAt: (ms: number) => Math.floor(ms / 1_000), wantedUntilS: 50 };

const WELL: EndedAttempt = {
  failed: false,
  durationMs: 1,
  address: "a:1",
  route: -1,
  connection: {},
  key: undefined,
};

test("ObservedVersion counts each attempt in the second in which it has ended", () => {
  const version = new ObservedVersion(TIME, new FailingClients(), () => undefined);
  version.add(WELL, 7_000);
  version.add(WELL, 7_999);
  version.add(WELL, 8_000);
  expect([7, 8, 9].map((second) => version.counts(second).requests)).toEqual([2, 1, 0]);
  expect(version.counts(9)).toEqual(NOTHING_COUNTED);
});

test("ObservedVersion keeps ten seconds", () => {
  const version = new ObservedVersion(TIME, new FailingClients(), () => undefined);
  for (let second = 1; second <= 11; second += 1) version.add(WELL, 1_000 * second);
  const kept = Array.from({ length: 11 }, (_, at) => version.counts(at + 1).requests);
  expect([kept, oldestKept(11)]).toEqual([[0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 2]);
});

test("ObservedVersion counts who keeps failing once, and knows of the other version's", () => {
  const failing = new FailingClients();
  const [stable, canary] = [
    new ObservedVersion(TIME, failing, () => undefined),
    new ObservedVersion(TIME, failing, () => undefined),
  ];
  const bad = { ...WELL, failed: true };
  canary.add(bad, 1_000);
  stable.add(bad, 1_001);
  expect([canary.counts(1).failingKeys, stable.counts(1).failingKeys]).toEqual([1, 0]);
  stable.add(WELL, 1_002);
  stable.add(bad, 1_003);
  expect(stable.counts(1)).toMatchObject({ requests: 3, failures: 2, failingKeys: 1 });
});

test("ObservedVersion says when nobody wants to know any more", () => {
  let unwanted = 0;
  const version = new ObservedVersion(TIME, new FailingClients(), () => (unwanted += 1));
  version.add(WELL, 50_999);
  expect(unwanted).toBe(0);
  version.add(WELL, 51_000);
  expect(unwanted).toBe(1);
});
