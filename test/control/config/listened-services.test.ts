import { expect, test } from "vitest";
import {
  kindBehind,
  kindOf,
  leadsTo,
  listenedServices,
  wrongKinds,
} from "../../../control/config/listened-services.ts";
import type { ListenerSnapshot } from "../../../proxy/table/snapshot.ts";

function listener(more: Partial<ListenerSnapshot>): ListenerSnapshot {
  const rest = {
    trustedPeers: [],
    proxyProtocol: false,
    protocols: ["http/1.1" as const],
    connectionsMax: 1,
  };
  return { bind: "127.0.0.1:80", service: undefined, ...rest, ...more };
}

const BY_HOST = listener({});
const WEB = listener({ service: "web" });
const REDIS = listener({ service: "redis", tcp: { sni: undefined } });
const NAMED = listener({ service: "rest", tcp: { sni: { "a.b": "redis", "*.c": "web" } } });
const STRICT = listener({ tcp: { sni: { "a.b": "redis" } } });

test.each([
  [BY_HOST, []],
  [WEB, ["service web"]],
  [REDIS, ["tcp redis"]],
  [NAMED, ["tcp.sni.a.b redis", "tcp.sni.*.c web", "tcp.default rest"]],
  [STRICT, ["tcp.sni.a.b redis"]],
])("listenedServices() of %j are %j", (each, wanted) => {
  const told = listenedServices(each).map(({ path, service }) => `${path.join(".")} ${service}`);
  expect(told).toEqual(wanted);
});

test("a listener leads to the services that it names", () => {
  expect([leadsTo(NAMED, "web"), leadsTo(NAMED, "rest"), leadsTo(STRICT, "rest")]).toEqual([
    true,
    true,
    false,
  ]);
  expect([BY_HOST, WEB, REDIS, STRICT].map(kindBehind)).toEqual(["http", "http", "tcp", "tcp"]);
  expect([kindOf({ tcp: {} }), kindOf({}), kindOf(undefined)]).toEqual(["tcp", "http", "http"]);
});

test("wrongKinds() names each service that speaks something else than its listener", () => {
  const kinds = new Map([
    ["web", "http"],
    ["redis", "tcp"],
  ] as const);
  const all = [BY_HOST, WEB, REDIS, NAMED, listener({ service: "redis" })];
  expect(wrongKinds(all, (name) => kinds.get(name as "web"))).toEqual([
    {
      path: [3, "tcp", "sni", "*.c"],
      wanted: "a service of kind tcp (service: leads to one of HTTP)",
      found: "web, which is of kind http",
    },
    {
      path: [4, "service"],
      wanted: "a service of kind http (tcp: leads to one of the other kind)",
      found: "redis, which is of kind tcp",
    },
  ]);
});
