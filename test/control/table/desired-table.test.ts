import { readService } from "../../../control/config/read-service.ts";
import { describe, expect, test } from "vitest";
import { ValidationError } from "../../../control/base/errors.ts";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import {
  changeBetween,
  isSameService,
  NO_TABLE,
  readTable,
  rediscovered,
  storedForm,
  withDocuments,
} from "../../../control/table/desired-table.ts";
import type { DesiredTable } from "../../../control/table/desired-table.ts";
import { FakeDiscovery, shop, web } from "../../support/started-services.ts";

const CONSUL: ServiceDocument = { versions: { v1: { consul: { service: "web" } } } };
const ONE = { address: "10.0.0.1:1", weight: 1, healthy: true };

/** A table at revision 7 that holds these services. */
function tableOf(services: Record<string, ServiceDocument>, discovery?: FakeDiscovery) {
  return readTable({ revision: 7, services }, NO_TABLE, discovery).table;
}

/** The problem that the work is refused for, as text. */
function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ValidationError) return error.message;
    throw error;
  }
  throw new Error("Nothing was refused");
}

/** Names of what changed between two tables. */
function namesBetween(before: DesiredTable, after: DesiredTable): unknown {
  const { revision, replace, remove } = changeBetween(before, after);
  return { revision, replace: replace.map(({ name }) => name), remove };
}

describe("readService()", () => {
  test("names the place of each problem, also of the name", () => {
    expect(refusalOf(() => readService("web", { versions: { v1: { weight: -1 } } }))).toMatch(
      /^Cannot read service web: versions\.v1\.weight: wanted .+, found -1/,
    );
    expect(refusalOf(() => readService("-", web))).toMatch(/^Cannot read service name: wanted/);
  });

  test("takes names of JavaScript's own for names", () => {
    expect(readService("constructor", shop).versions.map(({ name }) => name)).toEqual(["v1"]);
  });
});

describe("readTable()", () => {
  test("refuses more services than a table may have before it reads one", () => {
    const names = Array.from({ length: 16_385 }, (_, index) => `s${index}`);
    const unread = {
      get versions(): never {
        throw new Error("It was read");
      },
    };
    const services = Object.fromEntries(names.map((name) => [name, unread]));
    expect(() => readTable({ revision: 1, services }, NO_TABLE, undefined)).toThrow(
      "Cannot read table: wanted at most 16384 services, found 16385",
    );
  });

  test("keeps the document of a service that cannot be read, and the service as it was", () => {
    const before = tableOf({ web, shop });
    const broken = { versions: {} };
    const stored = { revision: 8, services: { web: broken, more: broken, shop } };
    const { table, refused } = readTable(stored, before, undefined);
    expect([...refused.keys()]).toEqual(["web", "more"]);
    expect(table.documents.get("web")).toBe(broken);
    expect(table.services.get("web")).toBe(before.services.get("web"));
    expect([...table.services.keys()]).toEqual(["web", "shop"]);
    expect(storedForm(table)).toEqual(stored);
  });

  test("keeps the snapshot of a service that is as it was, so that no worker hears of it", () => {
    const before = tableOf({ web, shop });
    const { table } = readTable({ revision: 8, services: { web, shop: web } }, before, undefined);
    expect(table.services.get("web")?.snapshot).toBe(before.services.get("web")?.snapshot);
    // The second one with the same host is refused, and stays as it was.
    expect(namesBetween(before, table)).toEqual({ revision: 8, replace: ["shop"], remove: [] });
  });

  test("refuses the later of two services with one host", () => {
    const stored = { revision: 1, services: { a: web, b: { ...shop, hosts: ["A"] } } };
    const { table, refused } = readTable(stored, NO_TABLE, undefined);
    expect([...table.services.keys()]).toEqual(["a"]);
    expect(refused.get("b")?.message).toBe(
      "Cannot read service b: hosts[0]: wanted a host that no other service has, " +
        'found "a" of service a',
    );
  });
});

describe("withDocuments()", () => {
  test("makes the next revision, and leaves the table before as it was", () => {
    const before = tableOf({ web, shop });
    const after = withDocuments(before, new Map([["web", shop]]), undefined);
    expect(after.revision).toBe(8);
    expect(after.documents.get("web")).toBe(shop);
    expect(before.documents.get("web")).toBe(web);
    expect(namesBetween(before, after)).toEqual({ revision: 8, replace: ["web"], remove: [] });
  });

  test("lets a host go from one service to another in one change", () => {
    const before = tableOf({ web: { ...web, hosts: ["shop.test"] }, shop });
    const changes = new Map([
      ["web", { ...web, hosts: ["web.test"] }],
      ["shop", { ...shop, hosts: ["shop.test"] }],
    ]);
    const after = withDocuments(before, changes, undefined);
    expect(after.services.get("shop")?.snapshot.hosts).toEqual(["shop.test"]);
  });

  test("lets a new service have the host of one that is removed with it", () => {
    const before = tableOf({ web: { ...web, hosts: ["x"] } });
    const changes = new Map([
      ["web", undefined],
      ["new", { ...shop, hosts: ["x"] }],
    ]);
    const after = withDocuments(before, changes, undefined);
    expect(namesBetween(before, after)).toEqual({ revision: 8, replace: ["new"], remove: ["web"] });
  });

  test("refuses a host that a service has which does not change", () => {
    const changes = new Map([["shop", { ...shop, hosts: ["WEB"] }]]);
    expect(refusalOf(() => withDocuments(tableOf({ web, shop }), changes, undefined))).toContain(
      'found "web" of service web',
    );
  });

  test("refuses more services than a table may have", () => {
    const names = Array.from({ length: 16_384 }, (_, index) => [`s${index}`, shop] as const);
    const full: DesiredTable = { revision: 1, documents: new Map(names), services: new Map() };
    const change = new Map([["one-more", shop]]);
    expect(refusalOf(() => withDocuments(full, change, undefined))).toBe(
      "Cannot read table: wanted at most 16384 services, found 16385",
    );
    expect(withDocuments(full, new Map([["s7", shop]]), undefined).documents.size).toBe(16_384);
  });
});

describe("rediscovered()", () => {
  test("is the same table when discovery knows nothing new, or the service is not there", () => {
    const discovery = new FakeDiscovery();
    discovery.found.set("web/v1", [ONE]);
    const before = tableOf({ web: CONSUL, shop }, discovery);
    expect(rediscovered(before, ["web", "shop", "none"], discovery)).toBe(before);
  });

  test("has the new endpoints under the old revision", () => {
    const discovery = new FakeDiscovery();
    const before = tableOf({ web: CONSUL, shop }, discovery);
    discovery.found.set("web/v1", [ONE]);
    const after = rediscovered(before, ["web"], discovery);
    expect(namesBetween(before, after)).toEqual({ revision: 7, replace: ["web"], remove: [] });
    expect(after.services.get("web")?.snapshot.versions[0]?.endpoints).toEqual([
      { ...ONE, state: "ready" },
    ]);
  });
});

test("isSameService() tells another order of versions from the same one", () => {
  const { v1, v2 } = web.versions;
  const left = tableOf({ web, shop });
  const right = tableOf({ web: { versions: { v2, v1 } } as ServiceDocument, shop });
  expect(isSameService(left, right, "shop")).toBe(true);
  expect(isSameService(left, right, "web")).toBe(false);
  expect(isSameService(left, right, "none")).toBe(true);
});
