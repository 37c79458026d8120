import { describe, expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { putWrite, shiftWrite } from "../../../control/table/service-writes.ts";
import type { Write } from "../../../control/table/table-write.ts";
import { ANY, shop, started, web } from "../../support/started-services.ts";

/** A write of these documents. */
function writeOf(documents: ReadonlyMap<string, ServiceDocument | undefined>): Write {
  return { action: "reload", context: ANY, edit: () => documents };
}

describe("Services.put() and remove()", () => {
  test("create, replace and remove a service", async () => {
    const { services, sink } = await started({});
    expect(await services.put("web", web, ANY)).toMatchObject({ revision: 2, created: true });
    expect(sink.last).toStrictEqual({ revision: 2, replace: ["web"], remove: [] });
    expect(await services.put("web", shop, ANY)).toMatchObject({ revision: 3, created: false });
    expect(services.document("web")).toStrictEqual(shop);
    expect([services.has("web"), services.has("shop")]).toEqual([true, false]);
    expect(await services.remove("web", ANY)).toStrictEqual({ revision: 4, warnings: [] });
    expect(sink.last).toStrictEqual({ revision: 4, replace: [], remove: ["web"] });
    expect(services.has("web")).toBe(false);
    expect(() => services.document("web")).toThrow('Cannot find service "web"');
    await expect(services.remove("web", ANY)).rejects.toMatchObject({ code: "unknown_service" });
  });

  test("a new order of versions is a change", async () => {
    const { services, sink } = await started();
    const { v1, v2 } = web.versions;
    await services.put("web", { versions: { v2, v1 } }, ANY);
    expect(sink.last).toStrictEqual({ revision: 2, replace: ["web"], remove: [] });
    expect(services.service("web").stable).toBe("v2");
  });

  test.each<[string, unknown, string]>([
    [
      "1",
      shop,
      "Cannot read service name: wanted a name of at most 63 letters, digits, '.', '_' or '-', " +
        'beginning with a letter or digit, not digits alone, found "1"',
    ],
    ["x", undefined, "Cannot read service x: wanted an object, found nothing"],
    [
      "x",
      { versions: {} },
      "Cannot read service x: versions: wanted at least one version, found none",
    ],
    [
      "x",
      { ...shop, hosts: ["x", "web"] },
      "Cannot read service x: hosts[1]: wanted a host that no other service has, " +
        'found "web" of service web',
    ],
    [
      "WEB",
      shop,
      "Cannot read service WEB: wanted a host that no other service has, " +
        'found "web" of service web',
    ],
  ])("put() refuses %s as %j", async (name, document, message) => {
    const { services } = await started();
    await expect(services.put(name, document, ANY)).rejects.toMatchObject({
      code: "invalid",
      status: 422,
      message,
    });
    await expect(services.preview(putWrite(name, document, ANY))).rejects.toThrow(message);
    expect(services.revision).toBe(1);
  });

  test("nobody can change a document after it was put", async () => {
    const { services } = await started({});
    const document = structuredClone(web) as { timeout?: string } & ServiceDocument;
    await services.put("web", document, ANY);
    document.timeout = "1s";
    expect(services.document("web")).toStrictEqual(web);
  });
});

describe("Services.change()", () => {
  test("creates, replaces and removes at once, and records each service", async () => {
    const { services, sink, audit, events } = await started();
    const documents = new Map<string, ServiceDocument | undefined>([
      ["shop", undefined],
      ["web", { ...web, hosts: ["shop"] }],
      ["fresh", { ...shop, hosts: ["web"] }],
    ]);
    expect(await services.change(writeOf(documents))).toMatchObject({ after: { revision: 2 } });
    expect(sink.last).toStrictEqual({
      revision: 2,
      replace: ["web", "fresh"],
      remove: ["shop"],
    });
    expect(
      (await audit.list({ limit: 10 })).map(({ action, service }) => [action, service]),
    ).toStrictEqual([
      ["reload", "shop"],
      ["reload", "web"],
      ["reload", "fresh"],
    ]);
    expect(events.since(0).at(-1)).toMatchObject({
      kind: "revision",
      action: "reload",
      services: ["shop", "web", "fresh"],
    });
  });

  test("does nothing at all when one of them cannot be", async () => {
    const { services, steps } = await started();
    steps.length = 0;
    const documents = { web: { ...web, hosts: ["x"] }, fresh: { ...shop, hosts: ["x"] } };
    await expect(services.change(writeOf(new Map(Object.entries(documents))))).rejects.toThrow(
      'Cannot read service fresh: hosts[0]: wanted a host that no other service has, found "x"',
    );
    const unknown = new Map([["none", undefined]]);
    await expect(services.change(writeOf(unknown))).rejects.toThrow('service "none"');
    expect(steps).toStrictEqual([]);
    expect(services.revision).toBe(1);
  });

  test("leaves out of the record what is as it was", async () => {
    const { services, audit } = await started();
    const documents = new Map([
      ["web", web],
      ["shop", { ...shop, debug: true }],
    ]);
    await services.change(writeOf(documents));
    expect((await audit.list({ limit: 10 })).map(({ service }) => service)).toStrictEqual(["shop"]);
  });
});

describe("Services.shift()", () => {
  test.each<[Record<string, unknown>, string, string]>([
    [{ v9: 1 }, "unknown_version", 'Cannot find version "v9" of web'],
    [{ constructor: 1 }, "unknown_version", 'Cannot find version "constructor" of web'],
    [
      { v1: 0.5 },
      "invalid",
      "Cannot read weights of web: v1: wanted a whole number from 0 to 1000000, or a share " +
        "from 0% to 100%, found 0.5",
    ],
    [
      { v1: -1 },
      "invalid",
      "Cannot read weights of web: v1: wanted a whole number from 0 to 1000000, found -1",
    ],
    [
      { v1: "5" },
      "invalid",
      "Cannot read weights of web: v1: wanted a whole number from 0 to 1000000, or a share " +
        'from 0% to 100%, found "5"',
    ],
    [
      { v1: 0, v2: 0 },
      "invalid",
      "Cannot read weights of web: wanted a sum of weights above 0 (to send a version nothing, " +
        "set its state to drain or maint), found a sum of 0",
    ],
  ])("refuses %j", async (weights, code, message) => {
    const { services } = await started();
    const asked = weights as Record<string, number>;
    await expect(services.shift("web", asked, ANY)).rejects.toMatchObject({ code, message });
    await expect(services.preview(shiftWrite("web", asked, ANY))).rejects.toThrow(message);
  });

  test("gives a lone version the weight that it had left out", async () => {
    const { services } = await started();
    await services.shift("shop", { v1: 5 }, ANY);
    expect(services.document("shop").versions).toStrictEqual({
      v1: { endpoints: ["d:1"], weight: 5 },
    });
  });

  test("preview() shows before and after, and does nothing", async () => {
    const { services, sink } = await started();
    const { before, after } = await services.preview(shiftWrite("web", { v1: 0 }, ANY));
    expect(before.services.get("web")?.snapshot).toBe(services.snapshot("web"));
    const { versions = [] } = after.services.get("web")?.snapshot ?? {};
    expect(versions.map(({ weight }) => weight)).toStrictEqual([0, 10]);
    expect(sink.changes).toHaveLength(1);
    expect(services.revision).toBe(1);
  });
});

describe("States", () => {
  test("setVersionState() changes one version", async () => {
    const { services } = await started();
    expect(await services.setVersionState("web", "v2", "drain", ANY)).toMatchObject({
      revision: 2,
    });
    expect(services.snapshot("web").versions.map(({ state }) => state)).toStrictEqual([
      "ready",
      "drain",
    ]);
    await expect(services.setVersionState("web", "v9", "drain", ANY)).rejects.toMatchObject({
      code: "unknown_version",
    });
    await expect(services.setVersionState("none", "v1", "drain", ANY)).rejects.toMatchObject({
      code: "unknown_service",
    });
  });

  test("setEndpointState() changes one endpoint, by any spelling of its address", async () => {
    const v1 = { ...web.versions["v1"], endpoints: ["10.0.0.1:1", "[::1]:1"] };
    const document = { ...web, versions: { ...web.versions, v1 } };
    const { services } = await started({ web: document });
    const states = (): unknown =>
      services.snapshot("web").versions[0]?.endpoints.map(({ state }) => state);
    const change = { version: "v1", address: "[0:0::1]:01", state: "maint" } as const;
    await services.setEndpointState("web", change, ANY);
    expect(states()).toStrictEqual(["ready", "maint"]);
    await services.setEndpointState("web", { ...change, address: "[::1]:1", state: "ready" }, ANY);
    expect(states()).toStrictEqual(["ready", "ready"]);
    expect(services.document("web")).toStrictEqual(document);
    await expect(
      services.setEndpointState("web", { ...change, address: "c:1" }, ANY),
    ).rejects.toMatchObject({ code: "unknown_endpoint" });
  });
});
