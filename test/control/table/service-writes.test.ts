import { expect, test } from "vitest";
import type { Config } from "../../../control/config/config-schema.ts";
import { DocumentRules } from "../../../control/config/document-rules.ts";
import { readConfig } from "../../../control/config/load.ts";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { NO_TABLE, readTable } from "../../../control/table/desired-table.ts";
import { History } from "../../../control/table/history.ts";
import {
  asStored,
  endpointStateWrite,
  filterWrite,
  known,
  putWrite,
  removeWrite,
  shiftResult,
  shiftWrite,
  undoWrite,
  versionStateWrite,
} from "../../../control/table/service-writes.ts";
import { ANY, shop, web } from "../../support/started-services.ts";

const FILTERED: ServiceDocument = { ...shop, filters: [{ module: "./a.js" }] };
const stored = { revision: 3, services: { web, shop: FILTERED } };
const { table } = readTable(stored, NO_TABLE, undefined);

test("putWrite() and removeWrite() give the document, or nothing, in the service's place", () => {
  expect([...putWrite("new", shop, ANY).edit(table)]).toEqual([["new", shop]]);
  expect([...removeWrite("web", ANY).edit(table)]).toEqual([["web", undefined]]);
});

test("shiftWrite() tells the weights before and after", () => {
  const write = shiftWrite("web", { v2: 30 }, ANY);
  const after = readTable(
    { revision: 4, services: Object.fromEntries(write.edit(table)) as typeof stored.services },
    table,
    undefined,
  ).table;
  const written = { before: table, after, names: ["web"], warnings: [] };
  expect(write.event?.(written)).toEqual({
    kind: "shift",
    revision: 4,
    services: ["web"],
    before: { v1: 90, v2: 10 },
    after: { v1: 90, v2: 30 },
  });
  expect(shiftResult(written, "web")).toEqual({
    revision: 4,
    weights: { v1: 90, v2: 30 },
    shares: { v1: 0.75, v2: 0.25 },
    warnings: [],
  });
});

test("writes of states say what they do, and to which service", () => {
  const version = versionStateWrite("web", { version: "v2", state: "drain" }, ANY);
  expect(version.action).toBe("version-state");
  expect(version.edit(table).get("web")?.versions["v2"]?.state).toBe("drain");
  const change = { version: "v1", address: "a:1", state: "maint" } as const;
  const endpoint = endpointStateWrite("web", change, ANY);
  expect(endpoint.action).toBe("endpoint-state");
  expect(endpoint.edit(table).get("web")?.versions["v1"]?.endpointStates).toEqual({
    "a:1": "maint",
  });
});

test("filterWrite() has the filter's file read again", () => {
  const write = filterWrite("a", { options: { x: 1 } }, ANY);
  expect(write.fresh).toBe("a");
  expect(write.edit(table).get("shop")?.filters).toEqual([{ module: "./a.js", options: { x: 1 } }]);
});

test("a write may keep the variables that the service has, and brings in no others", () => {
  const secret = { ...FILTERED, filters: [{ module: "./a.js", options: { key: "${KEY}" } }] };
  const services = { shop: secret };
  const rules = new DocumentRules(file({ services }), { KEY: "hush" });
  const before = readTable({ revision: 1, services }, NO_TABLE, undefined, rules).table;
  expect([...putWrite("shop", secret, ANY).edit(before)]).toEqual([["shop", secret]]);
  const hosts = { ...secret, hosts: ["${KEY}"] };
  expect(() => putWrite("shop", hosts, ANY).edit(before)).toThrow(
    "hosts[0]: wanted a reference that stands here already; only the file can bring in others",
  );
  const options = { other: "${KEY}" };
  expect(() => filterWrite("a", { options }, ANY).edit(before)).toThrow("options.other: wanted");
  expect(filterWrite("a", { options: { key: "${KEY}" } }, ANY).edit(before).size).toBe(1);
});

function file(more: object): Config {
  const text = JSON.stringify({ listeners: [{ bind: "127.0.0.1:0" }], ...more });
  return readConfig(text, { file: "test", environment: { KEY: "hush" } });
}

test.each([
  ["shift", shiftWrite("none", { v1: 1 }, ANY)],
  ["version-state", versionStateWrite("none", { version: "v1", state: "maint" }, ANY)],
  [
    "endpoint-state",
    endpointStateWrite("none", { version: "v1", address: "a:1", state: "maint" }, ANY),
  ],
])("a %s of a service that is not there is refused", (action, write) => {
  expect(write.action).toBe(action);
  expect(() => write.edit(table)).toThrow('Cannot find service "none"');
});

test("asStored() is a copy, and makes null of what JSON has no word for", () => {
  const copy = asStored(web);
  expect(copy).toStrictEqual(web);
  expect(copy.versions).not.toBe(web.versions);
  expect(asStored(undefined)).toBeNull();
});

test("known() gives the service that is there", () => {
  const service = table.services.get("web");
  expect(known("web", service)).toBe(service);
});

test("undoWrite() brings back what was there before, or nothing", () => {
  const history = new History();
  const before = readTable({ revision: 2, services: { web } }, NO_TABLE, undefined).table;
  history.note(before, table);
  expect([...undoWrite("shop", history, undefined, ANY).edit(table)]).toEqual([
    ["shop", undefined],
  ]);
  expect([...undoWrite("web", history, 2, ANY).edit(table)]).toEqual([["web", web]]);
  expect(() => undoWrite("none", history, undefined, ANY).edit(table)).toThrow('service "none"');
});
