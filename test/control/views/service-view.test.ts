import { expect, test } from "vitest";
import { OpenTotals } from "../../../control/migrations/open-totals.ts";
import type { ShownService } from "../../../control/table/shown-service.ts";
import { isLeft, serviceView, serviceViewSchema } from "../../../control/views/service-view.ts";
import type { EndpointSnapshot } from "../../../proxy/table/snapshot.ts";
import type { Drains } from "../../../control/views/service-view.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const MIGRATION = { state: "running", left: { tunnel: 1, exchange: 0 }, closed: 2 } as const;

const NO_DRAINS: Drains = { open: new OpenTotals([]), migrations: { view: () => undefined } };

const OPEN = new OpenTotals([
  { service: "web", version: "v2", tunnel: [1, 0, 2, 0], exchange: [0, 0, 0, 3] },
]);

/** A service of whose endpoints nothing more is known. */
function shown(...args: Parameters<typeof serviceSnapshot>): ShownService {
  return { snapshot: serviceSnapshot(...args), details: () => undefined };
}

const endpoint = { address: "10.0.0.5:3000", weight: 1, state: "ready", healthy: true } as const;
const unwell = { ...endpoint, healthy: false };

test("serviceView() shows what the table has beside what the workers count", () => {
  const service = shown({ v1: { weight: 3, endpoints: [endpoint] }, v2: 1 });
  const view = serviceView(service, new WorkerTotals([oneWorker()]), NO_DRAINS);
  expect(view).toMatchObject({
    name: "web",
    stable: "v1",
    weights: { v1: 3, v2: 1 },
    shares: { v1: 0.75, v2: 0.25 },
    versions: {
      v1: { exchangesOpen: 3, tunnelsOpen: 1, endpoints: [{ ...endpoint, inFlight: 2 }] },
      v2: { exchangesOpen: 0, tunnelsOpen: 0 },
    },
  });
  expect(serviceViewSchema.parse(view)).toEqual(view);
});

test("serviceView() shows what limits let in, who waits, and what is shed and compared", () => {
  const view = serviceView(shown({ v1: 1, v2: 1 }), new WorkerTotals([oneWorker()]), NO_DRAINS);
  const { v1, v2 } = view.versions;
  expect([v1?.limit, v1?.waiting]).toEqual([15, 17]);
  expect([v2?.limit, v2?.waiting]).toEqual([1_024, 0]);
  expect([view.shed, view.shadow]).toEqual([14, { compared: 9, different: 2 }]);
  const twice = new WorkerTotals([oneWorker(), oneWorker()]);
  expect(serviceView(shown({ v2: 1 }), twice, NO_DRAINS).versions["v2"]?.limit).toBe(2_048);
  const idle = serviceView(shown({ v2: 1 }), new WorkerTotals([]), NO_DRAINS);
  expect([idle.shed, "shadow" in idle, idle.versions["v2"]?.limit]).toEqual([0, false, 1_024]);
});

test("serviceView() shows who is used in panic: whom a check has out, and nobody else", () => {
  const ill = (address: string, more: object = {}): EndpointSnapshot => {
    return { ...unwell, address, ...more };
  };
  const out = [
    ill("10.0.0.6:1", { state: "maint" }),
    ill("10.0.0.7:1", { setAside: true }),
    ill("web.internal:1"),
    unwell,
  ];
  const endpoints = [{ ...endpoint, address: "10.0.0.9:1" }, ill("10.0.0.8:1"), ...out];
  const service = shown({ v1: { weight: 1, endpoints } });
  const worker = oneWorker({ ejectedForMs: 5 });
  const versions = worker.versions.map((version) => ({ ...version, isPanic: true }));
  const view = serviceView(service, new WorkerTotals([{ ...worker, versions }]), NO_DRAINS);
  const used = view.versions["v1"]?.endpoints.filter(({ panic }) => panic);
  expect(view.versions["v1"]?.panicBy).toBe(1);
  expect(used?.map(({ address }) => address)).toEqual(["10.0.0.8:1"]);
});

test("serviceView() shows what a version can live beside, where somebody says that", () => {
  const compat = { reads: [1, 2], writes: 2, requires: { payments: ">=3" } };
  const silent = { reads: [], writes: undefined, requires: {} };
  const service = shown({ v1: 1, v2: { compat }, v3: { compat: silent } });
  const view = serviceView(service, new WorkerTotals([]), NO_DRAINS);
  const { v1, v2, v3 } = view.versions;
  expect(v1).not.toHaveProperty("compat");
  expect([v2?.compat, v3?.compat]).toEqual([compat, { reads: [], requires: {} }]);
  expect(serviceViewSchema.parse(view)).toEqual(view);
});

test("serviceView() shows what is left, by kind and age, of versions being left only", () => {
  const service = shown({ v1: 1, v2: 0, v3: { weight: 1, state: "maint" } });
  const { v1, v2, v3 } = serviceView(service, new WorkerTotals([]), {
    ...NO_DRAINS,
    open: OPEN,
  }).versions;
  const none = { under1m: 0, under10m: 0, under1h: 0, older: 0 };
  expect(v1).not.toHaveProperty("left");
  expect(v2?.left).toEqual({
    tunnel: { ...none, under1m: 1, under1h: 2 },
    exchange: { ...none, older: 3 },
  });
  expect(v3?.left).toEqual({ tunnel: none, exchange: none });
});

test("serviceView() leaves out what the workers did not say in time, but not the migration", () => {
  const view = ({ version }: { readonly version: string }): typeof MIGRATION | undefined =>
    version === "v2" ? MIGRATION : undefined;
  const service = shown({ v1: 1, v2: 0 });
  const drains = { open: undefined, migrations: { view } };
  const { v1, v2 } = serviceView(service, new WorkerTotals([]), drains).versions;
  expect(v2).not.toHaveProperty("left");
  expect(v2?.migration).toEqual(MIGRATION);
  expect(v1).not.toHaveProperty("migration");
});

test("serviceView() says by which name an endpoint was found, and why it is unhealthy", () => {
  const service = shown({ v1: { weight: 1, endpoints: [unwell, endpoint] } });
  const details: ShownService["details"] = (version, address) => ({
    ...unwell,
    name: `${version}.internal:3000`,
    reason: `${address} answered 500`,
  });
  const totals = new WorkerTotals([]);
  const { v1 } = serviceView({ ...service, details }, totals, NO_DRAINS).versions;
  expect(v1?.endpoints[0]).toMatchObject({
    address: "10.0.0.5:3000",
    name: "v1.internal:3000",
    healthy: false,
    reason: "10.0.0.5:3000 answered 500",
  });
});

test.each([
  ["ready", 1, false],
  ["ready", 0, true],
  ["drain", 1, true],
  ["maint", 1, true],
] as const)("isLeft() of a version in state %s with weight %d is %s", (state, weight, left) => {
  expect(isLeft({ name: "v1", weight, state, endpoints: [] })).toBe(left);
});
