import { expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { changesText } from "../../../control/table/document-changes.ts";
import { NO_TABLE } from "../../../control/table/desired-table.ts";
import type { DesiredTable } from "../../../control/table/desired-table.ts";
import { shop, web } from "../../support/started-services.ts";

function tableOf(documents: Readonly<Record<string, unknown>>): DesiredTable {
  const entries = Object.entries(documents) as [string, ServiceDocument][];
  return { ...NO_TABLE, documents: new Map(entries) };
}

const { v1, v2 } = web.versions;
const long = Array.from({ length: 40 }, (_, at) => `10.0.0.${at}:1`);

test.each<[string, object, object, string]>([
  ["nothing", { web }, { web }, ""],
  ["a new service", {}, { web }, "web: added"],
  ["a service that goes", { web }, {}, "web: removed"],
  [
    "weights",
    { web },
    { web: { versions: { v1: { ...v1, weight: 0 }, v2: { ...v2, weight: 100 } } } },
    "web.versions.v1.weight: 90 → 0; web.versions.v2.weight: 10 → 100",
  ],
  [
    "keys that come and go",
    { web: { ...web, timeout: "1s" } },
    { web: { ...web, constructor: "x" } },
    "web.timeout: 1s → -; web.constructor: - → x",
  ],
  [
    "lists, as a whole",
    { shop },
    { shop: { versions: { v1: { endpoints: ["d:1", "e:1"] } } } },
    'shop.versions.v1.endpoints: ["d:1"] → ["d:1","e:1"]',
  ],
  [
    "long values, cut short",
    { shop },
    { shop: { versions: { v1: { endpoints: long } } } },
    `shop.versions.v1.endpoints: ["d:1"] → ${JSON.stringify(long).slice(0, 80)}…`,
  ],
  [
    "filters, but not how",
    { shop },
    { shop: { ...shop, filters: [{ module: "a.js", options: { key: "secret" } }] } },
    "shop.filters: … → …",
  ],
])("changesText() tells of %s", (_name, before, after, expected) => {
  const [from, to] = [tableOf({ ...before }), tableOf({ ...after })];
  const names = [...new Set([...from.documents.keys(), ...to.documents.keys()])];
  expect(changesText(from, to, names)).toBe(expected);
});

test("changesText() tells the first of many", () => {
  const names = Array.from({ length: 25 }, (_, at) => `s${at}`);
  const after = tableOf(Object.fromEntries(names.map((name) => [name, shop])));
  expect(changesText(NO_TABLE, after, names)).toMatch(/^s0: added; .*; s19: added; and 5 more$/);
});
