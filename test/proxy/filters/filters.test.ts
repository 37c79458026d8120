import { beforeEach, describe, expect, test } from "vitest";
import type { FilterHooks, FilterModule } from "../../../proxy/filters/filter-module.ts";
import { Filters } from "../../../proxy/filters/filters.ts";
import { HeadDraft } from "../../../proxy/filters/head-draft.ts";
import type { FilterRefusalReport, FilterSpec } from "../../../proxy/table/filter-spec.ts";
import { RoutingTable } from "../../../proxy/table/routing-table.ts";
import { LiveService } from "../../../proxy/upstream/live-service.ts";
import { serviceSnapshot } from "../table/service-fixture.ts";
import { poolDeps } from "../upstream/pool-fixture.ts";
import { FakeLoader, FakeParts, HEAD, filterSpec } from "./filter-fixture.ts";

/** A module that counts requests, says its version and count to each, and hands both over. */
function counting(version: string, readsState: readonly string[] = []): FilterModule {
  return {
    version,
    readsState,
    create(): FilterHooks {
      let count = 0;
      return {
        request: (head) => head.setHeader("x-seen", `${version}: ${(count += 1)}`),
        exportState: () => ({ count }),
        importState(state, from) {
          if (from !== version && !readsState.includes(from)) throw new Error(`from ${from}`);
          ({ count } = state as { count: number });
        },
      };
    },
  };
}

let loader: FakeLoader;
let filters: Filters;
/** Only what attach() looks at. */
let services: Parameters<Filters["attach"]>[0];
let live: LiveService;
let number: number;

beforeEach(() => {
  loader = new FakeLoader({ one: counting("1"), two: counting("2", ["1"]), three: counting("3") });
  filters = new Filters(loader, new FakeParts());
  number = 0;
  const table = RoutingTable.compile({ revision: 1, services: [serviceSnapshot({ v1: 1 })] });
  const service = table.services.get("web");
  if (service === undefined) throw new Error("The table has no service");
  live = new LiveService(service, poolDeps());
  services = { table, byName: (name) => (name === "web" ? live : undefined) };
});

async function prepare(
  specs: readonly FilterSpec[],
  strict = true,
): Promise<readonly FilterRefusalReport[]> {
  number += 1;
  return filters.prepare({ number, strict, chains: [{ service: "web", filters: specs }] });
}

function activate(): readonly FilterRefusalReport[] {
  const refusals = filters.activate(number);
  filters.attach(services);
  return refusals;
}

async function put(...specs: readonly FilterSpec[]): Promise<void> {
  expect(await prepare(specs)).toEqual([]);
  expect(activate()).toEqual([]);
}

/** What the next request's filters say. */
function seen(chain = live.filters): string | undefined {
  const draft = new HeadDraft(HEAD);
  chain?.request(draft, { method: "GET", path: "/", query: "", versions: [] });
  return draft.editor.value("x-seen");
}

describe("Filters", () => {
  test("activate() replaces a filter, which goes on where the old one was", async () => {
    await put(filterSpec("count", "one"));
    expect([seen(), seen()]).toEqual(["1: 1", "1: 2"]);
    expect(await prepare([filterSpec("count", "two")])).toEqual([]);
    expect(seen()).toBe("1: 3");
    activate();
    expect([seen(), seen()]).toEqual(["2: 4", "2: 5"]);
  });

  test("an exchange under way ends with the filters that it began with", async () => {
    await put(filterSpec("count", "one"));
    const begun = live.filters;
    await put(filterSpec("count", "two"));
    expect([seen(begun), seen()]).toEqual(["1: 1", "2: 1"]);
  });

  test("prepare() keeps the filters that a chain has already", async () => {
    await put(filterSpec("a", "one"), filterSpec("b", "two"));
    const [first] = live.filters?.filters ?? [];
    await put(filterSpec("a", "one"), filterSpec("b", "two", { options: { x: 1 } }));
    expect(live.filters?.filters[0]).toBe(first);
    expect(live.filters?.filters.map(({ version }) => version)).toEqual(["1", "2"]);
  });

  test("prepare() refuses a module that does not say it reads the old one's state", async () => {
    await put(filterSpec("count", "one"));
    const reason =
      'cannot take over the state: wanted "1" in readsState of version 3, found nothing';
    expect(await prepare([filterSpec("count", "three")])).toEqual([
      { service: "web", filter: "count", reason },
    ]);
    expect(() => filters.activate(number)).toThrow("not prepared");
    expect(seen()).toBe("1: 1");
  });

  test("a filter reads the state of its own version, so that options can change", async () => {
    await put(filterSpec("count", "one"));
    seen();
    await put(filterSpec("count", "one", { options: { x: 1 } }));
    expect(seen()).toBe("1: 2");
  });

  test("prepare() rehearses the handing over of state, on copies", async () => {
    const imported: unknown[] = [];
    const state = { list: [1] };
    loader.modules["old"] = { version: "1", create: () => ({ exportState: () => state }) };
    loader.modules["new"] = {
      version: "2",
      readsState: ["1"],
      create: () => ({ importState: (...args: unknown[]) => void imported.push(args) }),
    };
    await put(filterSpec("f", "old"));
    await prepare([filterSpec("f", "new")]);
    expect(imported).toEqual([[{ list: [1] }, "1"]]);
    expect((imported[0] as [unknown])[0]).not.toBe(state);
    activate();
    expect((imported[1] as [unknown])[0]).toBe(state);
  });

  test.each<[string, unknown, string]>([
    ["no such code", undefined, "cannot load the module: Unexpected token"],
    ["no version", { create: () => ({}) }, "wanted export version to be a text of 1 to 64"],
    ["no create", { version: "1" }, "wanted export create to be a function, found nothing"],
    [
      "readsState that is no list",
      { version: "1", readsState: "1", create: () => ({}) },
      "wanted export readsState to be a list of versions, found a string",
    ],
    ["create gives nothing", { version: "1", create: () => undefined }, "wanted a filter from"],
    [
      "a hook that is none",
      { version: "1", create: () => ({ request: 1 }) },
      "wanted a function as request of the filter, found a number",
    ],
    ["check() false", { version: "1", create: () => ({ check: () => false }) }, "gave false"],
    [
      "check() rejects",
      { version: "1", create: () => ({ check: () => Promise.reject(new Error("no key")) }) },
      "cannot check the filter: no key",
    ],
    [
      "a state that is no data",
      { version: "2", readsState: ["9"], create: () => ({ importState: () => undefined }) },
      "could not be cloned",
    ],
    [
      "no importState()",
      { version: "2", readsState: ["1"], create: () => ({}) },
      "cannot take over the state: wanted importState(), found nothing",
    ],
  ])("prepare() refuses a module: %s", async (_what, module, why) => {
    const exportState = (): unknown => (why.includes("cloned") ? () => undefined : { n: 1 });
    const version = why.includes("cloned") ? "9" : "1";
    loader.modules["old"] = { version, create: () => ({ exportState }) };
    if (module !== undefined) loader.modules["new"] = module;
    await put(filterSpec("f", "old"));
    const [refusal, ...others] = await prepare([filterSpec("f", "new"), filterSpec("g", "one")]);
    expect(refusal?.reason).toContain(why);
    expect(others).toEqual([]);
  });

  test("prepare() gives a module its own copy of the options", async () => {
    const options = { list: [1] };
    const create = (given: unknown): FilterHooks => {
      (given as typeof options).list.push(2);
      return { request: (head) => head.setHeader("x-seen", JSON.stringify(given)) };
    };
    loader.modules["new"] = { version: "1", create };
    await put(filterSpec("f", "new", { options }));
    expect([seen(), options]).toEqual(['{"list":[1,2]}', { list: [1] }]);
  });

  test("prepare() tells of every filter that cannot be used, and of missing files", async () => {
    const { filter } = filterSpec("gone", "");
    const gone = { filter, code: { kind: "missing", reason: "cannot read it" } } as const;
    expect(await prepare([gone, filterSpec("bad", "none"), filterSpec("good", "one")])).toEqual([
      { service: "web", filter: "gone", reason: "cannot read it" },
      { service: "web", filter: "bad", reason: "cannot load the module: Unexpected token" },
    ]);
  });

  test("without strictness a stand-in fails every exchange, as onError says", async () => {
    const bad = filterSpec("bad", "none");
    expect(await prepare([bad, filterSpec("good", "one")], false)).toHaveLength(1);
    activate();
    expect(seen()).toBe("1: 1");
    expect(filters.stats()).toMatchObject([
      { filter: "bad", version: "", failures: [0, 0, 1] },
      { filter: "good", version: "1", failures: [0, 0, 0] },
    ]);
    await prepare([filterSpec("bad", "none", { onError: "closed" })], false);
    activate();
    const facts = { method: "GET", path: "/", query: "", versions: [] };
    expect(live.filters?.request(new HeadDraft(HEAD), facts)).toBe(false);
  });

  test("a stand-in is loaded again with the next preparation", async () => {
    await prepare([filterSpec("f", "later")], false);
    activate();
    loader.modules["later"] = counting("7");
    await put(filterSpec("f", "later"));
    expect(seen()).toBe("7: 1");
  });

  test("activate() leaves a service all that it has when one filter cannot take over", async () => {
    let imports = 0;
    loader.modules["new"] = {
      version: "2",
      readsState: ["1"],
      create: () => ({
        importState() {
          imports += 1;
          if (imports > 1) throw new Error("not this time");
        },
      }),
    };
    await put(filterSpec("count", "one"));
    expect(await prepare([filterSpec("count", "new"), filterSpec("b", "two")])).toEqual([]);
    expect(activate()).toEqual([{ service: "web", filter: "count", reason: "not this time" }]);
    expect([seen(), live.filters?.filters.length]).toEqual(["1: 1", 1]);
  });

  test("revert() puts back what the last activation replaced, and no other", async () => {
    await put(filterSpec("count", "one"));
    await put(filterSpec("count", "two"));
    filters.revert(number - 1);
    filters.attach(services);
    expect(seen()).toBe("2: 1");
    filters.revert(number);
    filters.attach(services);
    expect(seen()).toBe("1: 1");
  });

  test("attach() forgets the filters of services that are gone", async () => {
    await put(filterSpec("count", "one"));
    filters.attach({ table: RoutingTable.empty, byName: () => undefined });
    expect(filters.stats()).toEqual([]);
  });

  test("an empty chain is none", async () => {
    await put(filterSpec("count", "one"));
    await put();
    expect([live.filters, filters.stats()]).toEqual([undefined, []]);
  });

  test("counts go on when a filter is replaced", async () => {
    loader.modules["bad"] = {
      version: "1",
      create: () => ({
        request() {
          throw new Error("boom");
        },
      }),
    };
    await put(filterSpec("f", "bad"));
    seen();
    await put(filterSpec("f", "bad", { options: { x: 1 } }));
    seen();
    expect(filters.stats()).toMatchObject([{ failures: [2, 0, 0] }]);
  });

  test("preparations are loaded one after the other, and `idle` waits for all", async () => {
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    const create = async (): Promise<FilterHooks> => {
      order.push("slow");
      await gate.promise;
      order.push("made");
      return {};
    };
    loader.modules["slow"] = { version: "1", create };
    const first = prepare([filterSpec("f", "slow")]);
    const second = prepare([filterSpec("f", "one")]);
    const idle = filters.idle?.then(() => order.push("idle"));
    gate.resolve();
    await Promise.all([first, second, idle]);
    expect(order).toEqual(["slow", "made", "idle"]);
    activate();
    expect(seen()).toBe("1: 1");
  });
});

test("Filters.prepare() gives up on a module that takes too long", async () => {
  const deps = new FakeParts();
  const clock = { ...deps.clock, sleep: () => Promise.resolve() };
  const slow = { version: "1", create: () => new Promise(() => undefined) };
  const hurried = new Filters(new FakeLoader({ slow }), { log: deps.log, clock });
  const chains = [{ service: "web", filters: [filterSpec("f", "slow")] }];
  expect(await hurried.prepare({ number: 1, strict: true, chains })).toEqual([
    { service: "web", filter: "f", reason: "cannot load it within 3000 ms" },
  ]);
});
