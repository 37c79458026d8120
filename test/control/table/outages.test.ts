import { expect, test } from "vitest";
import { problemText } from "../../../control/base/errors.ts";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { NO_TABLE, readTable } from "../../../control/table/desired-table.ts";
import type { DesiredTable } from "../../../control/table/desired-table.ts";
import { outagesOf } from "../../../control/table/outages.ts";
import type { ListenerSnapshot } from "../../../proxy/table/snapshot.ts";

type Versions = ServiceDocument["versions"];
type Binds = { before: ListenerSnapshot[]; after: ListenerSnapshot[] };
type Documents = Readonly<Record<string, ServiceDocument>>;

const ONE = { endpoints: ["10.0.0.1:1"] };
const NONE = { endpoints: [] };

function tableOf(services: Documents, before = NO_TABLE): DesiredTable {
  return readTable({ revision: before.revision + 1, services }, before, undefined).table;
}

function service(versions: Versions, more: object = {}): ServiceDocument {
  return { versions, ...more };
}

function listenerFor(name: string | undefined, bind = "127.0.0.1:80"): ListenerSnapshot {
  return {
    bind,
    service: name,
    trustedPeers: [],
    proxyProtocol: false,
    protocols: ["http/1.1" as const],
    connectionsMax: 1,
  };
}

const web = service({ v1: { weight: 1, ...ONE }, v2: { weight: 0, ...ONE } });
const other = service({ v1: ONE });

/** Outages as text; those that need no traffic with an exclamation mark. */
function told(before: Documents, after: Documents, binds: Partial<Binds> = {}): string[] {
  const from = tableOf(before);
  const listenersBefore = binds.before ?? [];
  const turn = { before: from, after: tableOf(after, from), listenersBefore };
  const outages = outagesOf({ ...turn, listenersAfter: binds.after ?? listenersBefore });
  return outages.map(({ isAlways, problem }) => `${isAlways ? "! " : ""}${problemText(problem)}`);
}

const wanted =
  "services.web: wanted a version that is ready and has an endpoint that can take work";
const lost = (host: string): string =>
  `services.web: wanted something that serves ${host}, found no service`;

test.each<[string, Documents, Documents, readonly string[]]>([
  [
    "nothing in a shift",
    { web },
    { web: service({ v1: { weight: 0, ...ONE }, v2: { weight: 1, ...ONE } }) },
    [],
  ],
  [
    "a drain of all versions",
    { web },
    {
      web: service({
        v1: { weight: 1, ...ONE, state: "drain" },
        v2: { weight: 0, ...ONE, state: "maint" },
      }),
    },
    [`${wanted}, found v1 in drain, v2 in maint`],
  ],
  [
    "a drain of the only version with weight, if stable is out",
    { web: service({ v1: { weight: 0, ...ONE, state: "maint" }, v2: { weight: 1, ...ONE } }) },
    {
      web: service({
        v1: { weight: 0, ...ONE, state: "maint" },
        v2: { weight: 1, ...ONE, state: "drain" },
      }),
    },
    [`${wanted}, found v1 in maint, v2 in drain`],
  ],
  [
    "nothing in a drain that stable takes over",
    { web: service({ v1: { weight: 0, ...ONE }, v2: { weight: 1, ...ONE } }) },
    { web: service({ v1: { weight: 0, ...ONE }, v2: { weight: 1, ...ONE, state: "drain" } }) },
    [],
  ],
  [
    "a shift to a version without endpoints, if that is stable",
    { web: service({ v1: { weight: 1, ...ONE }, v2: { weight: 0, ...NONE } }, { stable: "v2" }) },
    { web: service({ v1: { weight: 0, ...ONE }, v2: { weight: 1, ...NONE } }, { stable: "v2" }) },
    [`${wanted}, found v1 at weight 0, v2 without a usable endpoint`],
  ],
  [
    "a shift to a version in drain, if stable has no endpoint",
    {
      web: service({
        v1: { weight: 0, ...NONE },
        v2: { weight: 1, ...ONE },
        v3: { weight: 0, ...ONE, state: "drain" },
      }),
    },
    {
      web: service({
        v1: { weight: 0, ...NONE },
        v2: { weight: 0, ...ONE },
        v3: { weight: 1, ...ONE, state: "drain" },
      }),
    },
    [`${wanted}, found v1 without a usable endpoint, v2 at weight 0, v3 in drain`],
  ],
  [
    "the last endpoint in maint",
    { web: service({ v1: ONE }) },
    { web: service({ v1: { ...ONE, endpointStates: { "10.0.0.1:1": "maint" } } }) },
    [`${wanted}, found v1 without a usable endpoint`],
  ],
  ["a removal", { web, other }, { other }, [lost("web")]],
  [
    "nothing in a removal, if another service takes over the host",
    { web },
    { new: service({ v1: ONE }, { hosts: ["web"] }) },
    [],
  ],
  [
    "nothing in a removal, if a wildcard takes over the host",
    { web: { ...web, hosts: ["a.test"] } },
    { new: service({ v1: ONE }, { hosts: ["*.test"] }) },
    [],
  ],
  [
    "a removal, if what takes over the host serves nothing",
    { web },
    { new: service({ v1: NONE }, { hosts: ["web"] }) },
    [lost("web")],
  ],
  ["other hosts for a service", { web }, { web: { ...web, hosts: ["b", "c"] } }, [lost("web")]],
  [
    "nothing in one host less",
    { web: { ...web, hosts: ["a", "b"] } },
    { web: { ...web, hosts: ["b"] } },
    [],
  ],
  ["nothing in what could not serve before", { web: service({ v1: NONE }) }, {}, []],
  [
    "nothing where discovery has yet to look",
    { web: service({ v1: ONE }) },
    { web: service({ v1: { endpoints: ["web.test:1"] } }) },
    [],
  ],
  [
    "nothing where Consul has yet to be asked",
    { web: service({ v1: ONE }) },
    { web: service({ v1: { consul: { service: "web" } } }) },
    [],
  ],
  [
    "names of JavaScript's own",
    { constructor: other },
    {},
    ["services.constructor: wanted something that serves constructor, found no service"],
  ],
])("outagesOf() tells of %s", (_name, before, after, expected) => {
  expect(told(before, after)).toEqual(expected);
});

const mine = listenerFor("web");
const missing = "! listener 127.0.0.1:80: wanted service web, found none";

test.each<[string, Documents, Documents, Binds, readonly string[]]>([
  [
    "a removal under a listener of its own",
    { web },
    {},
    { before: [mine], after: [mine] },
    [missing],
  ],
  ["a new listener without its service", {}, {}, { before: [], after: [mine] }, [missing]],
  [
    "a listener that goes to a service that is not there",
    { other },
    { other },
    { before: [listenerFor("other")], after: [mine] },
    [missing],
  ],
  [
    "nothing new in a listener that has never had one",
    {},
    {},
    { before: [mine], after: [mine] },
    [],
  ],
  [
    "nothing, if the listener goes with its service",
    { other: { ...other, hosts: ["web"] }, web: { ...web, hosts: ["x"] } },
    { other: { ...other, hosts: ["web", "x"] } },
    { before: [mine], after: [] },
    [],
  ],
  [
    "a service that goes with its listener, if its host is lost too",
    { web },
    {},
    { before: [mine], after: [] },
    [lost("web")],
  ],
  [
    "nothing in other hosts behind a listener of its own",
    { web },
    { web: { ...web, hosts: ["b"] } },
    { before: [mine], after: [mine] },
    [],
  ],
  [
    "nothing, with listeners by host",
    { web },
    { web },
    { before: [listenerFor(undefined)], after: [] },
    [],
  ],
])("outagesOf() tells of %s", (_name, before, after, binds, expected) => {
  expect(told(before, after, binds)).toEqual(expected);
});

test("outagesOf() finds a service of kind tcp that listeners lead to by a name", () => {
  const redis = service({ v1: ONE }, { kind: "tcp" });
  const named = { ...listenerFor(undefined), tcp: { sni: { "a.b": "redis" } } };
  const binds = { before: [named] };
  expect(told({ redis, other }, { other }, binds)).toEqual([
    "! listener 127.0.0.1:80: wanted service redis, found none",
  ]);
  // It has no hosts that anything else would have to serve.
  expect(told({ redis, other }, { other })).toEqual([]);
  expect(told({ other }, { other }, { before: [], after: [named] })).toHaveLength(1);
});
