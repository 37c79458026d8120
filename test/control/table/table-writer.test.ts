import { describe, expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { StoreError } from "../../../control/base/errors.ts";
import { WRITES_WAITING_MAX } from "../../../control/table/table-writer.ts";
import { ANY, at, FakeDiscovery, shop, started, web } from "../../support/started-services.ts";

describe("Services.start()", () => {
  test("stores and applies the configured services when the store holds none", async () => {
    const { services, store, sink, source } = await started();
    expect(source).toBe("config");
    expect(await store.load()).toStrictEqual({ revision: 1, services: { web, shop } });
    expect(sink.last).toStrictEqual({ revision: 1, replace: ["web", "shop"], remove: [] });
    expect(services.names()).toStrictEqual(["web", "shop"]);
    expect(services.revision).toBe(1);
    expect(services.document("web")).toStrictEqual(web);
    expect(services.snapshot("web").versions.map(({ weight }) => weight)).toStrictEqual([90, 10]);
    expect(services.service("web").stable).toBe("v1");
  });

  test("takes the stored table when there is one", async () => {
    const stored = { revision: 7, services: { shop } };
    const { source, sink } = await started({ web }, { stored });
    expect(source).toBe("store");
    expect(sink.last).toStrictEqual({ revision: 7, replace: ["shop"], remove: [] });
  });

  test("refuses configured services that cannot be, and stores none", async () => {
    const broken = { versions: {} };
    await expect(started({ web, broken })).rejects.toThrow("versions: wanted at least one version");
  });

  test("leaves out a stored service that it cannot read, and loses none", async () => {
    const broken = { versions: {}, x: 1 } as unknown as ServiceDocument;
    const stored = { revision: 7, services: { broken, shop } };
    const { services, store, logged, events } = await started({}, { stored });
    expect(services.names()).toStrictEqual(["shop"]);
    expect(logged).toStrictEqual(["service.refused broken"]);
    expect(events.since(0)).toMatchObject([{ kind: "service-refused", service: "broken" }]);
    await services.put("web", web, ANY);
    expect((await store.load())?.services).toStrictEqual({ broken, shop, web });
    await services.remove("broken", ANY);
    expect((await store.load())?.services).toStrictEqual({ shop, web });
  });

  test("leaves out the later of two stored services with one host", async () => {
    const stored = { revision: 7, services: { web, other: { ...shop, hosts: ["WEB"] } } };
    const { services, logged } = await started({}, { stored });
    expect(services.names()).toStrictEqual(["web"]);
    expect(logged).toStrictEqual(["service.refused other"]);
  });
});

describe("A write of Services", () => {
  test("saves, applies, records and tells, in this order", async () => {
    const { services, steps, sink, audit, events } = await started();
    steps.length = 0;
    const result = await services.shift("web", { v2: 30 }, at(1));
    expect(result).toMatchObject({
      revision: 2,
      weights: { v1: 90, v2: 30 },
      shares: { v1: 0.75, v2: 0.25 },
    });
    expect(steps).toStrictEqual(["save 2", "apply 2", "event revision 2", "event shift 2"]);
    expect(sink.last).toStrictEqual({ revision: 2, replace: ["web"], remove: [] });
    expect(services.document("web").versions["v2"]?.weight).toBe(30);
    expect(await audit.list({ limit: 9 })).toMatchObject([
      {
        sequence: 1,
        actor: "local",
        action: "shift",
        service: "web",
        reason: "a test",
        before: { versions: { v2: { weight: 10 } } },
        after: { versions: { v2: { weight: 30 } } },
        revision: 2,
      },
    ]);
    expect(events.since(0).map(({ id: _id, time: _time, ...rest }) => rest)).toStrictEqual([
      {
        kind: "revision",
        revision: 2,
        action: "shift",
        services: ["web"],
        service: "web",
        actor: "local",
        reason: "a test",
        inForce: true,
      },
      {
        kind: "shift",
        revision: 2,
        services: ["web"],
        service: "web",
        before: { v1: 90, v2: 10 },
        after: { v1: 90, v2: 30 },
      },
    ]);
  });

  test("that changes nothing answers, and touches nothing", async () => {
    const { services, steps, audit } = await started();
    steps.length = 0;
    expect(await services.shift("web", { v1: 90 }, ANY)).toMatchObject({ revision: 1 });
    expect(await services.put("web", structuredClone(web), ANY)).toMatchObject({
      revision: 1,
      created: false,
    });
    await services.shift("shop", { v1: 1 }, ANY);
    await services.setVersionState("web", "v1", "ready", ANY);
    const change = { version: "v1", address: "a:1", state: "ready" } as const;
    expect(await services.setEndpointState("web", change, ANY)).toMatchObject({ revision: 1 });
    expect(steps).toStrictEqual([]);
    expect(await audit.list({ limit: 9 })).toStrictEqual([]);
  });

  test("that workers need not hear of makes a revision, and replaces nothing", async () => {
    const { services, sink } = await started();
    await services.put("web", { ...web, stable: "v1", timeout: "0" }, ANY);
    expect(sink.last).toStrictEqual({ revision: 2, replace: [], remove: [] });
  });

  test("is refused on another revision than it expects", async () => {
    const { services, steps } = await started();
    steps.length = 0;
    await expect(services.shift("web", { v1: 1 }, at(7))).rejects.toMatchObject({
      code: "revision_conflict",
      current: 1,
      message: "Cannot write: wanted revision 7, found 1",
    });
    expect(steps).toStrictEqual([]);
  });

  test("of many at once each sees the one before", async () => {
    const { services } = await started();
    const shifts = [1, 2, 3, 4].map((v1) => services.shift("web", { v1 }, ANY));
    expect((await Promise.all(shifts)).map(({ revision }) => revision)).toStrictEqual([2, 3, 4, 5]);
    const raced = await Promise.allSettled(
      [1, 2].map((v2) => services.shift("web", { v2 }, at(5))),
    );
    expect(raced.map(({ status }) => status)).toStrictEqual(["fulfilled", "rejected"]);
    expect(services.snapshot("web").versions.map(({ weight }) => weight)).toStrictEqual([4, 1]);
  });

  test("is refused when too many wait", async () => {
    const { services, sink } = await started();
    const { promise, resolve } = Promise.withResolvers<void>();
    sink.gate = promise;
    const writes = Array.from({ length: WRITES_WAITING_MAX }, (_, index) =>
      services.shift("web", { v1: index + 1 }, ANY),
    );
    await expect(services.shift("web", { v1: 5 }, ANY)).rejects.toMatchObject({ code: "busy" });
    resolve();
    await Promise.all(writes);
  });

  test("that cannot be saved leaves everything as it was", async () => {
    const { services, store, steps, audit } = await started();
    steps.length = 0;
    const before = services.snapshot("web");
    store.fails = new StoreError("store_unwritable", "Cannot write state: ENOSPC");
    await expect(services.shift("web", { v1: 1 }, ANY)).rejects.toThrow("ENOSPC");
    expect(steps).toStrictEqual([]);
    expect(services.snapshot("web")).toBe(before);
    expect(services.revision).toBe(1);
    expect(await audit.list({ limit: 9 })).toStrictEqual([]);
    expect(await services.shift("web", { v1: 1 }, at(1))).toMatchObject({ revision: 2 });
  });

  test("that a worker does not follow stands, and says so", async () => {
    const { services, sink, store, audit, events } = await started();
    sink.fails = new Error("worker 2 is silent");
    await expect(services.shift("web", { v1: 1 }, ANY)).rejects.toMatchObject({
      code: "not_in_force",
      status: 503,
      revision: 2,
      cause: new Error("worker 2 is silent"),
    });
    expect(services.revision).toBe(2);
    expect((await store.load())?.revision).toBe(2);
    expect(await audit.list({ limit: 9 })).toHaveLength(1);
    expect(events.since(0)[0]).toMatchObject({ kind: "revision", inForce: false });
    expect(await services.shift("web", { v1: 2 }, at(2))).toMatchObject({ revision: 3 });
  });

  test("that the audit log does not take is told, and undoes nothing", async () => {
    const { services, audit, logged, events } = await started();
    audit.append = () => Promise.reject(new Error("full"));
    expect(await services.shift("web", { v1: 1 }, ANY)).toMatchObject({ revision: 2 });
    expect(logged).toStrictEqual(["audit.append.failed web"]);
    expect(events.since(0).map(({ kind }) => kind)).toContain("audit-failed");
  });
});

describe("Discovery", () => {
  const consul: ServiceDocument = { versions: { v1: { consul: { service: "web" } } } };
  const one = { address: "10.0.0.1:1", weight: 1, healthy: true };

  test("is told what to watch; what it finds reaches the workers under one revision", async () => {
    const discovery = new FakeDiscovery();
    const { services, sink } = await started({ web: consul, shop }, { discovery });
    expect(Object.keys(discovery.watched)).toStrictEqual(["web", "shop"]);
    discovery.found.set("web/v1", [one]);
    discovery.onChange("web");
    await services.refresh("shop");
    expect(sink.last).toStrictEqual({ revision: 1, replace: ["web"], remove: [] });
    expect(services.snapshot("web").versions[0]?.endpoints).toStrictEqual([
      { ...one, state: "ready" },
    ]);
    await services.refresh("web");
    expect(sink.changes).toHaveLength(2);
    await services.remove("web", ANY);
    expect(Object.keys(discovery.watched)).toStrictEqual(["shop"]);
  });

  test("that a worker does not follow is told, and stops nothing", async () => {
    const discovery = new FakeDiscovery();
    const { services, sink, logged } = await started({ web: consul }, { discovery });
    discovery.found.set("web/v1", [one]);
    sink.fails = new Error("worker 2 is silent");
    await services.refresh("web");
    expect(logged).toStrictEqual(["table.apply.failed"]);
    discovery.found.set("web/v1", []);
    await services.refresh("web");
    expect(services.snapshot("web").versions[0]?.endpoints).toStrictEqual([]);
  });

  test("is heard from the first moment, even while the workers take the table in", async () => {
    const discovery = new FakeDiscovery();
    const update = discovery.update.bind(discovery);
    discovery.update = (services) => {
      update(services);
      discovery.found.set("web/v1", [one]);
      discovery.onChange("web");
    };
    const { services } = await started({ web: consul }, { discovery });
    await services.refresh("other");
    expect(services.snapshot("web").versions[0]?.endpoints[0]?.address).toBe("10.0.0.1:1");
  });

  test("many changes at once cost one", async () => {
    const discovery = new FakeDiscovery();
    const { services, sink } = await started({ web: consul, shop }, { discovery });
    for (let port = 1; port < 100; port += 1) {
      discovery.found.set("web/v1", [{ ...one, address: `10.0.0.1:${port}` }]);
      discovery.onChange("web");
    }
    await services.refresh("web");
    expect(sink.changes).toHaveLength(2);
    expect(services.snapshot("web").versions[0]?.endpoints[0]?.address).toBe("10.0.0.1:99");
  });

  test("states of endpoints that it finds can be set, and outlive them until ready", async () => {
    const found = { version: "v1", address: one.address } as const;
    const discovery = new FakeDiscovery();
    discovery.found.set("web/v1", [one]);
    const { services } = await started({ web: consul }, { discovery });
    await services.setEndpointState("web", { ...found, state: "drain" }, ANY);
    discovery.found.set("web/v1", []);
    await services.refresh("web");
    discovery.found.set("web/v1", [one]);
    await services.refresh("web");
    expect(services.snapshot("web").versions[0]?.endpoints[0]?.state).toBe("drain");
    discovery.found.set("web/v1", []);
    await services.refresh("web");
    await services.setEndpointState("web", { ...found, state: "ready" }, ANY);
    expect(services.document("web")).toStrictEqual(consul);
  });
});

describe("Tables of other sidecars", () => {
  test("are applied, as far as they differ", async () => {
    const { services, store, sink, events } = await started();
    store.tell(await store.saveByOther({ web: shop, more: web }));
    await services.refresh("web");
    expect(sink.last).toStrictEqual({ revision: 2, replace: ["web", "more"], remove: ["shop"] });
    expect(services.revision).toBe(2);
    expect(events.since(0)).toMatchObject([
      { kind: "revision", revision: 2, action: "follow", services: ["web", "more", "shop"] },
    ]);
  });

  test("that are older than ours, or ours, change nothing", async () => {
    const { services, store, sink } = await started();
    await services.shift("web", { v1: 1 }, ANY);
    store.tell({ revision: 1, services: {} });
    await services.refresh("web");
    store.tell({ revision: 2, services: {} });
    await services.refresh("web");
    expect(sink.changes).toHaveLength(2);
    expect(services.names()).toStrictEqual(["web", "shop"]);
  });

  test("that somebody has changed by hand, without a new revision, are applied", async () => {
    const { services, store, sink } = await started();
    store.empty();
    const changed = await store.saveByOther({ web: { ...web, hosts: ["by-hand"] }, shop });
    store.tell(changed);
    await services.refresh("web");
    expect(sink.last).toStrictEqual({ revision: 1, replace: ["web"], remove: [] });
    expect(services.snapshot("web").hosts).toStrictEqual(["by-hand"]);
  });

  test("of which one service cannot be read leave that one as it was", async () => {
    const { services, store, logged } = await started();
    const broken = { ...web, x: 1 } as ServiceDocument;
    store.tell(await store.saveByOther({ web: broken, shop: web }));
    await services.refresh("web");
    expect(logged).toStrictEqual(["service.refused web"]);
    expect(services.document("web")).toStrictEqual(web);
    expect(services.document("shop")).toStrictEqual(web);
  });

  test("make a write on an older revision fail, and are there afterwards", async () => {
    const { services, store } = await started();
    await store.saveByOther({ web, shop: web });
    await expect(services.shift("web", { v1: 1 }, at(1))).rejects.toMatchObject({ current: 2 });
    expect(services.revision).toBe(2);
    expect(services.document("shop")).toStrictEqual(web);
  });

  test("that begin anew, at a lower revision, are what the store holds and apply", async () => {
    const { services, store, sink } = await started();
    await services.shift("web", { v1: 1 }, ANY);
    await services.shift("web", { v1: 2 }, ANY);
    store.empty();
    store.tell(await store.saveByOther({ shop }));
    await services.refresh("web");
    expect(sink.last).toStrictEqual({ revision: 1, replace: [], remove: ["web"] });
    expect(services.revision).toBe(1);
  });

  test("that are gone leave ours in force, and the next write stores it again", async () => {
    const { services, store, logged } = await started();
    store.empty();
    expect(await services.shift("web", { v1: 1 }, at(1))).toMatchObject({ revision: 2 });
    expect(logged).toStrictEqual(["store.empty"]);
    expect(Object.keys((await store.load())?.services ?? {})).toStrictEqual(["web", "shop"]);
  });

  test("do not keep a write for any revision from its end", async () => {
    const { services, store } = await started();
    await store.saveByOther({ web, shop: web });
    expect(await services.shift("web", { v1: 1 }, ANY)).toMatchObject({ revision: 3 });
    expect(services.document("shop")).toStrictEqual(web);
    expect((await store.load())?.services["shop"]).toStrictEqual(web);
  });
});
