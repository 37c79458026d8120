import { expect, test } from "vitest";
import { checkConfig } from "../../../control/config/config-checks.ts";
import { configShape } from "../../../control/config/config-shape.ts";
import { readBy } from "../../../control/config/problems.ts";

const v1 = { endpoints: ["10.0.0.1:1"] };
const bySelector = { consul: { service: "web" } };

/** `path wanted …, found …` of everything in a configuration that contradicts something else. */
function contradictions(config: object): readonly string[] {
  const read = readBy(configShape, { listeners: [{ bind: "127.0.0.1:8080" }], ...config });
  if (read.kind === "wrong") throw new Error(JSON.stringify(read.problems));
  return checkConfig(read.value).map(
    ({ path, wanted, found }) => `${path.join(".")} wanted ${wanted}, found ${found}`,
  );
}

test.each([
  ["nothing but a listener", {}],
  ["two listeners on free ports", { listeners: [{ bind: "a:0" }, { bind: "b:0" }] }],
  [
    "a service that only the store knows",
    {
      listeners: [{ bind: "a:1", service: "other" }],
      store: { kind: "file", path: "table.json" },
    },
  ],
  ["Consul that nobody uses", { consul: {} }],
])("checkConfig() takes %s", (_name, config) => {
  expect(contradictions(config)).toEqual([]);
});

test("checkConfig() takes a service's name for its host where it has no other", () => {
  const services = { Web: { versions: { v1 } }, shop: { hosts: ["x", "web"], versions: { v1 } } };
  expect(contradictions({ services })).toEqual([
    'services.shop.hosts.1 wanted a host that no other service has, found "web" of service Web',
  ]);
});

test("checkConfig() knows the services of a file by their own names only", () => {
  const listeners = [{ bind: "a:1", service: "constructor" }];
  expect(contradictions({ listeners, services: { web: { versions: { v1 } } } })).toEqual([
    'listeners.0.service wanted one of the services of this file, found "constructor"',
  ]);
});

const tcp = { kind: "tcp", versions: { v1 } };

test.each([
  ["a service of HTTP", { tcp: "web" }, "tcp wanted a service of kind tcp"],
  ["one of HTTP by its name", { tcp: { sni: { "a.b": "web" } } }, "tcp.sni.a.b wanted a service"],
  ["one that is not there", { tcp: { sni: { "a.b": "redis" }, default: "gone" } }, "tcp.default"],
  ["one of kind tcp for HTTP", { service: "redis" }, "service wanted a service of kind http"],
])("checkConfig() refuses a listener that leads to %s", (_what, to, start) => {
  const listeners = [{ bind: "a:1", ...to }];
  const services = { web: { versions: { v1 } }, redis: tcp };
  expect(contradictions({ listeners, services })).toEqual([
    expect.stringMatching(`^listeners.0.${RegExp.escape(start)}`),
  ]);
});

test("checkConfig() takes a service of kind tcp, which has no hosts, beside any other", () => {
  const services = { redis: tcp, web: { hosts: ["redis"], versions: { v1 } } };
  const listeners = [
    { bind: "a:1", tcp: "redis" },
    { bind: "a:2", tcp: { sni: { b: "redis" } } },
  ];
  expect(contradictions({ listeners, services })).toEqual([]);
});

test.each([
  [{ tcp: "redis", service: "web" }, "listeners[0].service", "either tcp or service"],
  [{ tcp: { sni: {} } }, "listeners[0].tcp.sni", "at least one name"],
  [{ tcp: { default: "redis" } }, "listeners[0].tcp", "the name of a service, or"],
])("configShape refuses %j", (to, path, wanted) => {
  const read = readBy(configShape, { listeners: [{ bind: "a:1", ...to }] });
  const problems = read.kind === "wrong" ? read.problems : [];
  expect(problems).toEqual([
    expect.objectContaining({ path, wanted: expect.stringContaining(wanted) as string }),
  ]);
});

test("checkConfig() names everything that uses Consul when nobody says where it is", () => {
  const config = {
    store: { kind: "consul" },
    register: { service: "web", port: 80 },
    services: {
      plain: { versions: { v1 } },
      found: { versions: { v1: { weight: 1, ...v1 }, v2: { weight: 1, ...bySelector } } },
      split: { versions: { v1 }, consul: { splitter: "follow" } },
    },
  };
  expect(contradictions(config)).toEqual([
    "consul wanted how to reach Consul, which store, register, services.found, services.split " +
      "uses, found nothing",
  ]);
  expect(contradictions({ ...config, consul: {} })).toEqual([]);
});

test("checkConfig() tells of every address that is used again where it was first", () => {
  const control = { bind: "127.0.0.1:1" };
  const listeners = ["a:1", "127.0.0.1:1", "a:1", "b:1"].map((bind) => ({ bind }));
  expect(contradictions({ control, listeners })).toEqual([
    'listeners.1.bind wanted each address once, found "127.0.0.1:1", as in control.bind',
    'listeners.2.bind wanted each address once, found "a:1", as in listeners[0].bind',
  ]);
});

test("checkConfig() lets port 0 of one address be used by one listener, and by the API", () => {
  const control = { bind: "127.0.0.1:0" };
  const listeners = ["127.0.0.1:0", "127.0.0.2:0", "127.0.0.1:0"].map((bind) => ({ bind }));
  expect(contradictions({ control, listeners })).toEqual([
    'listeners.2.bind wanted each address once, found "127.0.0.1:0", as in listeners[0].bind',
  ]);
});
