import { expect, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import type { Balance } from "../../../proxy/table/endpoint-policy.ts";
import type { EndpointSnapshot } from "../../../proxy/table/snapshot.ts";
import { Endpoint } from "../../../proxy/upstream/endpoint.ts";
import { EndpointPicker } from "../../../proxy/upstream/endpoint-picker.ts";
import { endpointSnapshot } from "./pool-fixture.ts";

const DRAWS = 20_000;

/** Endpoints e0, e1 … that take traffic since ever. */
function endpoints(...deps: readonly Partial<EndpointSnapshot>[]): Endpoint[] {
  return deps.map((each, at) => new Endpoint(endpointSnapshot(`e${at}:80`, each), -Infinity));
}

function pickerOf(all: readonly Endpoint[], seed = 1, balance: Balance = "p2c"): EndpointPicker {
  const picker = new EndpointPicker(seededRandom(seed));
  picker.fill(all, balance);
  return picker;
}

/** The share of each endpoint in many picks, while nothing else changes. */
function shares(
  picker: EndpointPicker,
  all: readonly Endpoint[],
  how: { readonly nowMs?: number; readonly slowStartMs?: number; readonly avoid?: Endpoint } = {},
): number[] {
  const counts = new Map<Endpoint | undefined, number>();
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const picked = picker.pick(how.nowMs ?? 0, how.slowStartMs ?? 0, how.avoid);
    counts.set(picked, (counts.get(picked) ?? 0) + 1);
  }
  return all.map((endpoint) => (counts.get(endpoint) ?? 0) / DRAWS);
}

/** Whether each share is within a hundredth of the wanted one. */
function expectShares(found: readonly number[], wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length);
  found.forEach((share, at) => {
    expect(Math.abs(share - (wanted[at] as number)), `e${at}: ${share}`).toBeLessThan(0.015);
  });
}

test("EndpointPicker.pick() without endpoints picks none", () => {
  const picker = pickerOf([]);
  expect([picker.size, picker.pick(0, 0)]).toEqual([0, undefined]);
});

test("EndpointPicker.fill() takes the usable endpoints only", () => {
  const all = endpoints({}, { healthy: false }, { state: "drain" }, { state: "maint" }, {}, {});
  (all[4] as Endpoint).ejectedUntilMs = 1;
  const picker = pickerOf(all);
  expect(picker.size).toBe(2);
  expectShares(shares(picker, all), [0.5, 0, 0, 0, 0, 0.5]);
});

test("EndpointPicker.pick() gives equal endpoints equal shares", () => {
  const all = endpoints({}, {}, {}, {});
  expectShares(shares(pickerOf(all), all), [0.25, 0.25, 0.25, 0.25]);
});

test("EndpointPicker.pick() follows the weights where nobody has load", () => {
  const all = endpoints({ weight: 1 }, { weight: 2 }, { weight: 5 }, { weight: 2 });
  expectShares(shares(pickerOf(all), all), [0.1, 0.2, 0.5, 0.2]);
});

test("EndpointPicker.pick() takes of two the one with less load for its weight", () => {
  const all = endpoints({ weight: 3 }, { weight: 1 });
  const [heavy, light] = all as [Endpoint, Endpoint];
  [heavy.inFlight, light.inFlight] = [5, 2];
  expectShares(shares(pickerOf(all), all), [1, 0]);
  [heavy.inFlight, light.inFlight] = [7, 2];
  expectShares(shares(pickerOf(all), all), [0, 1]);
});

test("EndpointPicker.pick() keeps the load of all endpoints close together", () => {
  const all = endpoints(...Array.from({ length: 20 }, () => ({})));
  const picker = pickerOf(all);
  for (let request = 0; request < 20 * 100; request += 1) {
    (picker.pick(0, 0) as Endpoint).inFlight += 1;
  }
  const loads = all.map(({ inFlight }) => inFlight);
  // One choice at random would leave about 100 ± 25.
  expect([Math.min(...loads) > 94, Math.max(...loads) < 106]).toEqual([true, true]);
});

test("EndpointPicker.pick() keeps loads in proportion to the weights", () => {
  const all = endpoints({ weight: 1 }, { weight: 4 }, { weight: 5 });
  const picker = pickerOf(all);
  for (let request = 0; request < 1_000; request += 1) {
    (picker.pick(0, 0) as Endpoint).inFlight += 1;
  }
  expectShares(
    all.map(({ inFlight }) => inFlight / 1_000),
    [0.1, 0.4, 0.5],
  );
});

test("EndpointPicker.pick() never takes the avoided endpoint while there is another", () => {
  const all = endpoints({ weight: 60_000 }, { weight: 1 }, { weight: 1 });
  const [avoid] = all as [Endpoint];
  const found = shares(pickerOf(all), all, { avoid });
  expect(found[0]).toBe(0);
});

test("EndpointPicker.pick() takes the avoided endpoint when it is the only one", () => {
  const all = endpoints({}, { healthy: false });
  const [avoid] = all as [Endpoint];
  expect(pickerOf(all).pick(0, 0, avoid)).toBe(avoid);
});

test("EndpointPicker.pick() lets the share of a new endpoint grow over its slow start", () => {
  const all = endpoints({}, {});
  (all[1] as Endpoint).sinceMs = 0;
  const picker = pickerOf(all);
  const grown = [0, 2_500, 5_000, 7_500, 10_000, 60_000].map(
    (nowMs) => shares(picker, all, { nowMs, slowStartMs: 10_000 })[1] as number,
  );
  const [first, second, third, fourth, last, later] = grown as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  expect(first).toBeGreaterThan(0.05);
  expect(first).toBeLessThan(0.16);
  expect(grown.slice(0, 5)).toEqual([first, second, third, fourth, last].toSorted((a, b) => a - b));
  expectShares([last, later], [0.5, 0.5]);
});

test("EndpointPicker.pick() takes cold endpoints all the same when all are cold", () => {
  const all = endpoints({}, {}, {});
  for (const endpoint of all) endpoint.sinceMs = 0;
  expectShares(shares(pickerOf(all), all, { slowStartMs: 10_000 }), [1 / 3, 1 / 3, 1 / 3]);
});

/** The endpoints of many places, by place. */
function owners(picker: EndpointPicker, avoid?: Endpoint): (Endpoint | undefined)[] {
  const random = seededRandom(8);
  const place = (): number => (random.next() * 2 ** 32) | 0;
  return Array.from({ length: DRAWS }, () => picker.pickAt({ high: place(), low: place() }, avoid));
}

test("EndpointPicker.pickAt() gives places to endpoints by their weights, whoever asks", () => {
  const all = endpoints({ weight: 1 }, { weight: 2 }, { weight: 1 });
  const found = owners(pickerOf(all, 1));
  expectShares(
    all.map((endpoint) => found.filter((each) => each === endpoint).length / DRAWS),
    [0.25, 0.5, 0.25],
  );
  expect(owners(pickerOf(all.toReversed(), 2))).toEqual(found);
});

test("EndpointPicker.pickAt() moves only the places of an endpoint that is lost", () => {
  const all = endpoints({}, {}, {}, {});
  const [lost] = all as [Endpoint];
  const before = owners(pickerOf(all));
  const without = owners(pickerOf(all), lost);
  expect(without).not.toContain(lost);
  expect(without.map((each, at) => each !== before[at])).toEqual(
    before.map((each) => each === lost),
  );
});

test("EndpointPicker.pickAt() takes the only endpoint even to avoid it", () => {
  const [only] = endpoints({}) as [Endpoint];
  const place = { high: 1, low: 2 };
  expect(pickerOf([only]).pickAt(place, only)).toBe(only);
  expect(pickerOf([]).pickAt(place)).toBeUndefined();
});

type Flow = {
  readonly all: readonly Endpoint[];
  readonly picker: EndpointPicker;
  /** How long answers of each take. */
  readonly tookMs: readonly number[];
  readonly fromMs?: number;
};

/** Of a request each ms, what share each endpoint gets behind the first 10 s. */
function flow({ all, picker, tookMs, fromMs = 0 }: Flow): number[] {
  const got = all.map(() => 0);
  const ends: number[][] = [];
  for (let sinceMs = 0; sinceMs < 60_000; sinceMs += 1) {
    const nowMs = fromMs + sinceMs;
    for (const at of ends[sinceMs] ?? []) {
      (all[at] as Endpoint).inFlight -= 1;
      (all[at] as Endpoint).latency?.answered(tookMs[at] as number, nowMs);
    }
    const at = all.indexOf(picker.pick(nowMs, 0) as Endpoint);
    (all[at] as Endpoint).inFlight += 1;
    (ends[sinceMs + (tookMs[at] as number)] ??= []).push(at);
    if (sinceMs >= 10_000) got[at] = (got[at] as number) + 1;
  }
  const sum = got.reduce((total, each) => total + each, 0);
  return got.map((each) => each / sum);
}

/** Endpoints with so many requests under way, whose answers take the same time. */
function busy(inFlight: readonly number[], deps: Partial<EndpointSnapshot> = {}): Endpoint[] {
  const all = endpoints(...inFlight.map(() => deps));
  all.forEach((endpoint, at) => (endpoint.inFlight = inFlight[at] as number));
  return all;
}

test("EndpointPicker.pick() of a few busy ones takes the one with least load", () => {
  const few = busy([2, 2, 2, 2, 2, 2, 2, 1]);
  expect(shares(pickerOf(few), few)[7]).toBe(1);
  const many = busy([2, 2, 2, 2, 2, 2, 2, 2, 1]);
  expect(shares(pickerOf(many), many)[8]).toBeCloseTo(2 / 9, 1);
});

test("EndpointPicker.pick() of a few idle ones does not give all to the fastest", () => {
  const all = endpoints({}, {}, {});
  const picker = pickerOf(all);
  all.forEach(({ latency }, at) => latency?.answered(5 + at, 0));
  expectShares(shares(picker, all), [2 / 3, 1 / 3, 0]);
});

test("EndpointPicker.pick() of a few leaves an idle one that weighs little, or is avoided", () => {
  const all = endpoints({ weight: 1 }, { weight: 99 }, { weight: 100 });
  for (const endpoint of all.slice(1)) endpoint.inFlight = 1;
  expect(shares(pickerOf(all), all)[0]).toBeLessThan(0.03);
  const [idle, ...others] = busy([0, 1, 1]) as [Endpoint, ...Endpoint[]];
  expect(shares(pickerOf([idle, ...others]), [idle], { avoid: idle })).toEqual([0]);
});

test("EndpointPicker.pick() of a few busy ones starts a new one slowly", () => {
  const all = busy([0, 1, 1, 1]);
  (all[0] as Endpoint).sinceMs = 0;
  const picker = pickerOf(all);
  expect(shares(picker, all, { nowMs: 0, slowStartMs: 10_000 })[0]).toBeLessThan(0.12);
  expect(shares(picker, all, { nowMs: 10_000, slowStartMs: 10_000 })[0]).toBe(1);
});

test("EndpointPicker.pick() gives one that is 20 times slower under 2 % of the requests", () => {
  const all = endpoints({}, {}, {}, {}, {});
  const found = flow({ all, picker: pickerOf(all), tookMs: [10, 10, 200, 10, 10] });
  expect(found[2]).toBeLessThan(0.02);
  found.filter((_, at) => at !== 2).forEach((share) => expect(share).toBeCloseTo(0.25, 1));
});

test("EndpointPicker.pick() tries one again that has become fast", () => {
  const all = endpoints({}, {}, {});
  const picker = pickerOf(all);
  expect(flow({ all, picker, tookMs: [10, 10, 200] })[2]).toBeLessThan(0.02);
  for (const endpoint of all) endpoint.inFlight = 0;
  expect(flow({ all, picker, tookMs: [10, 10, 10], fromMs: 60_000 })[2]).toBeGreaterThan(0.2);
});

test("EndpointPicker.pick() keeps weights where endpoints are equally fast", () => {
  const all = endpoints({ weight: 1 }, { weight: 2 }, { weight: 5 });
  const found = flow({ all, picker: pickerOf(all), tookMs: [20, 20, 20] });
  [1 / 8, 2 / 8, 5 / 8].forEach((wanted, at) => {
    expect(Math.abs((found[at] as number) - wanted), `e${at}`).toBeLessThan(0.04);
  });
  const idle = endpoints({ weight: 1 }, { weight: 9 });
  const picker = pickerOf(idle);
  for (const { latency } of idle) latency?.answered(5, 0);
  expectShares(shares(picker, idle), [0.1, 0.9]);
});

test("EndpointPicker.pick() does not flood a cold endpoint before it has answered", () => {
  const all = endpoints({}, {}, {}, {});
  const [cold, ...warm] = all as [Endpoint, ...Endpoint[]];
  const picker = pickerOf(all);
  for (const endpoint of warm) {
    endpoint.inFlight = 8;
    endpoint.latency?.answered(10, 0);
  }
  for (let request = 0; request < 100; request += 1) {
    const picked = picker.pick(0, 0) as Endpoint;
    // The others answer at once, so that their load stays.
    if (picked === cold) cold.inFlight += 1;
  }
  expect([cold.inFlight > 0, cold.inFlight <= 3]).toEqual([true, true]);
});

test("EndpointPicker.pick() looks at load alone where it balances by leastRequest", () => {
  const all = endpoints({}, {});
  const [slow, fast] = all as [Endpoint, Endpoint];
  const picker = pickerOf(all);
  slow.latency?.answered(1_000, 0);
  fast.latency?.answered(1, 0);
  fast.inFlight = 1;
  expect(picker.pick(0, 0)).toBe(fast);
  expect(pickerOf(all, 1, "leastRequest").pick(0, 0)).toBe(slow);
});

test("EndpointPicker.pick() takes turns where it balances by roundRobin", () => {
  const all = endpoints({}, {}, {});
  (all[0] as Endpoint).inFlight = 9;
  const picker = pickerOf(all, 1, "roundRobin");
  const picked = Array.from({ length: 9 }, () => picker.pick(0, 0));
  for (const round of [0, 3, 6]) {
    expect(new Set(picked.slice(round, round + 3))).toEqual(new Set(all));
  }
});

test("EndpointPicker.fill() asks for latency only for p2c, and where there is a choice", () => {
  const all = endpoints({}, {});
  const [first] = all as [Endpoint];
  const asked = (["p2c", "leastRequest", "p2c", "roundRobin"] as const).map((balance) => {
    pickerOf(all, 1, balance);
    return first.latency !== undefined;
  });
  expect(asked).toEqual([true, false, true, false]);
  pickerOf([first]);
  expect(first.latency).toBeUndefined();
});
