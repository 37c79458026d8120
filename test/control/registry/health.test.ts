import { describe, expect, test } from "vitest";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import { atMost, parseHealthAnswer, selectEndpoints } from "../../../control/registry/health.ts";

type EntryOptions = {
  readonly id?: string;
  readonly address?: string;
  readonly port?: number;
  readonly version?: string;
  readonly tags?: readonly string[];
  readonly statuses?: readonly string[];
  readonly weights?: { readonly Passing: number; readonly Warning: number };
};

function entry(options: EntryOptions): unknown {
  return {
    Node: { Node: "n1", Address: "10.0.0.1" },
    Service: {
      ID: options.id ?? "web-1",
      Address: options.address ?? "",
      Port: options.port ?? 3000,
      Tags: options.tags ?? null,
      Meta: options.version === undefined ? null : { version: options.version },
      Weights: options.weights ?? { Passing: 1, Warning: 1 },
    },
    Checks: (options.statuses ?? []).map((Status, index) => ({ CheckID: `c${index}`, Status })),
  };
}

function withCheck(CheckID: string): unknown {
  return { ...(entry({}) as object), Checks: [{ CheckID, Status: "critical" }] };
}

function parse(...entries: readonly unknown[]): ReturnType<typeof parseHealthAnswer> {
  return parseHealthAnswer("read service web", JSON.stringify(entries));
}

const strictly = { warningIsHealthy: false };

test("parseHealthAnswer() takes the service's address, else the node's, and brackets IPv6", () => {
  const instances = parse(
    entry({}),
    entry({ address: "fd00::7" }),
    entry({ address: "Web.Local" }),
  );
  const addresses = instances.map((instance) => instance.address);
  expect(addresses).toEqual(["10.0.0.1:3000", "[fd00::7]:3000", "web.local:3000"]);
});

test.each([
  ["127.0.0.1", 0],
  ["127.0.0.1", 65_536],
  ["127.0.0.1", 70_000],
  ["127.0.0.1", -1],
  ["http://10.0.0.7", 80],
  ["my host", 80],
  ["a\0b", 80],
  ["10.0.0.7:80", 80],
  ["unix:/run/web.sock", 80],
  ["1.2.3", 80],
])("parseHealthAnswer() gives an instance at %j port %i a flaw with its id", (address, port) => {
  const [bad, good] = parse(entry({ id: "web-bad", address, port }), entry({ port: 1 }));
  expect(bad?.flaw).toBe("instance web-bad: neither an address nor a host name with a port");
  expect(good?.flaw).toBeUndefined();
  // oxlint-disable-next-line no-control-regex -- exactly what must not be shown
  expect(bad?.address).toMatch(/^[^\0-\x1f]+ \(web-bad\)$/);
});

test("selectEndpoints() tells of an instance with a flaw, last and unhealthy", () => {
  const bad = (id: string): unknown => entry({ id, address: "0 0", port: 70_000 });
  const found = selectEndpoints(
    parse(bad("web-b"), bad("web-a"), entry({ port: 1 })),
    { service: "web" },
    strictly,
  );
  expect(found.map(({ address, healthy }) => [address, healthy])).toEqual([
    ["10.0.0.1:1", true],
    ["0 0:70000 (web-a)", false],
    ["0 0:70000 (web-b)", false],
  ]);
  expect(found[1]?.reason).toMatch(/^instance web-a: neither/);
});

test.each([
  [[], "passing"],
  [["passing", "warning"], "warning"],
  [["warning", "critical", "passing"], "critical"],
  [["passing", "of a later release"], "critical"],
])("parseHealthAnswer() calls checks %o %s", (statuses, status) => {
  expect(parse(entry({ statuses }))[0]?.status).toBe(status);
});

test("parseHealthAnswer() knows maintenance of the node and of the service", () => {
  const statuses = parse(withCheck("_node_maintenance"), withCheck("_service_maintenance:web-1"));
  expect(statuses.map((instance) => instance.status)).toEqual(["maintenance", "maintenance"]);
});

test.each(["{}", "[{}]", "no JSON"])("parseHealthAnswer(%o) is a ConsulError", (text) => {
  expect(() => parseHealthAnswer("read service web", text)).toThrow(ConsulError);
});

test("selectEndpoints() selects by Meta.version or tag, and sorts by address", () => {
  const instances = parse(
    entry({ port: 2, version: "v1", tags: ["blue"] }),
    entry({ port: 1, version: "v1" }),
    entry({ port: 3, version: "v2", tags: ["blue"] }),
  );
  const addresses = (selector: { version?: string; tag?: string }): readonly string[] =>
    selectEndpoints(instances, { service: "web", ...selector }, strictly).map((one) => one.address);
  expect(addresses({ version: "v1" })).toEqual(["10.0.0.1:1", "10.0.0.1:2"]);
  expect(addresses({ tag: "blue" })).toEqual(["10.0.0.1:2", "10.0.0.1:3"]);
  expect(addresses({})).toEqual(["10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"]);
});

test("selectEndpoints() takes passing only, and warning with its own weight by option", () => {
  const weights = { Passing: 10, Warning: 2 };
  const instances = parse(entry({ statuses: ["warning"], weights }));
  const endpoint = { address: "10.0.0.1:3000" };
  const select = (warningIsHealthy: boolean): unknown =>
    selectEndpoints(instances, { service: "web" }, { warningIsHealthy });
  expect(select(false)).toEqual([
    { ...endpoint, weight: 10, healthy: false, reason: "Consul says warning" },
  ]);
  expect(select(true)).toEqual([{ ...endpoint, weight: 2, healthy: true }]);
});

test("selectEndpoints() keeps the healthier of two instances at one address", () => {
  const instances = parse(
    entry({ statuses: ["critical"] }),
    entry({ statuses: ["passing"] }),
    entry({ statuses: ["critical"] }),
  );
  const endpoints = selectEndpoints(instances, { service: "web" }, strictly);
  expect(endpoints).toEqual([{ address: "10.0.0.1:3000", weight: 1, healthy: true }]);
});

describe("in the mesh", () => {
  const proxy = {
    Node: { Node: "n1", Address: "10.0.0.1", Datacenter: "dc1" },
    Service: {
      ID: "web-sidecar-proxy",
      Service: "web-sidecar-proxy",
      Address: "",
      Port: 8443,
      Proxy: { DestinationServiceName: "web" },
    },
    Checks: [],
  };
  const selector = { service: "web", connect: true } as const;
  const options = { ...strictly, trustDomain: "a.consul" };

  function sans(over: object, node: object = {}): readonly (string | undefined)[] {
    const instance = {
      ...proxy,
      Node: { ...proxy.Node, ...node },
      Service: { ...proxy.Service, ...over },
    };
    return selectEndpoints(parse(instance), selector, options).map(({ san }) => san);
  }

  test("an endpoint has the name that its certificate must have: that of its destination", () => {
    expect(sans({})).toEqual(["spiffe://a.consul/ns/default/dc/dc1/svc/web"]);
    expect(sans({ Namespace: "shop", Partition: "retail" }, { Datacenter: "dc2" })).toEqual([
      "spiffe://a.consul/ap/retail/ns/shop/dc/dc2/svc/web",
    ]);
  });

  test("a service that speaks in the mesh itself has its own name", () => {
    expect(sans({ Service: "web", Proxy: null })).toEqual([
      "spiffe://a.consul/ns/default/dc/dc1/svc/web",
    ]);
    expect(sans({ Service: "web", Proxy: { DestinationServiceName: "" } })).toEqual([
      "spiffe://a.consul/ns/default/dc/dc1/svc/web",
    ]);
  });

  test.each([
    ["of a peered cluster", { PeerName: "east" }, {}],
    ["of no datacenter", {}, { Datacenter: null }],
    ["of no service", { Proxy: null, Service: null }, {}],
  ])("one %s gets nothing: nobody knows whom to expect", (_, over, node) => {
    const instance = {
      ...proxy,
      Node: { ...proxy.Node, ...node },
      Service: { ...proxy.Service, ...over },
    };
    const [endpoint] = selectEndpoints(parse(instance), selector, options);
    expect(endpoint).toMatchObject({
      healthy: false,
      reason: "instance web-sidecar-proxy: not of this mesh",
    });
    expect(endpoint?.san).toBeUndefined();
  });

  test("outside of it nobody has a name", () => {
    const [endpoint] = selectEndpoints(parse(proxy), { service: "web" }, options);
    expect(endpoint).toEqual({ address: "10.0.0.1:8443", weight: 1, healthy: true });
  });
});

test("selectEndpoints() keeps the heavier of two alike at one address, in any order", () => {
  const weighing = (Passing: number): unknown => entry({ weights: { Passing, Warning: 1 } });
  const orders = [
    [5, 9, 1],
    [9, 1, 5],
  ];
  for (const weights of orders) {
    const found = selectEndpoints(parse(...weights.map(weighing)), { service: "web" }, strictly);
    expect(found.map(({ weight }) => weight)).toEqual([9]);
  }
});

test("atMost() lets those that are not healthy give way, and keeps the order", () => {
  const endpoints = ["a", "B", "C", "d", "E", "f"].map((address) => ({
    address,
    weight: 1,
    healthy: address === address.toUpperCase(),
  }));
  const left = (max: number): string =>
    atMost(max, endpoints)
      .map(({ address }) => address)
      .join("");
  expect([6, 5, 4, 3, 2, 0].map(left)).toEqual(["aBCdEf", "aBCdE", "aBCE", "BCE", "BC", ""]);
});

/** An instance with these fields of its service over an ordinary one's, and of the entry. */
function odd(service: object, more: object = {}): unknown {
  const ordinary = entry({ version: "v1" }) as { readonly Service: object };
  return { ...ordinary, Service: { ...ordinary.Service, ...service }, ...more };
}

test.each([
  // Releases from 1.10 on leave out a port of 0.
  ["no port", odd({ Port: undefined }), "10.0.0.1:0 (web-1)"],
  ["a text for a port", odd({ Port: "3000" }), "10.0.0.1:0 (web-1)"],
  ["a socket file", odd({ Port: undefined, SocketPath: "/run/a" }), "unix:/run/a (web-1)"],
  ["a node without an address", odd({}, { Node: { Node: "n1" } }), ":3000 (web-1)"],
])(
  "parseHealthAnswer() gives an instance with %s a flaw, and reads the others",
  (_, one, shown) => {
    const [bad, good] = parse(one, entry({ port: 1 }));
    expect([bad?.address, bad?.version]).toEqual([shown, "v1"]);
    expect(bad?.flaw).toContain("neither an address nor a host name");
    expect(good).toMatchObject({ address: "10.0.0.1:1", flaw: undefined });
  },
);

test.each([
  ["tags", odd({ Tags: [1] }), { tags: [], status: "passing" }],
  ["weights", odd({ Weights: { Passing: "a" } }), { weight: 1, warningWeight: 1 }],
  ["labels", odd({ Meta: { version: 1 } }), { version: undefined }],
  ["another label", odd({ Meta: { version: "v1", a: null } }), { version: "v1" }],
  // Nobody knows that they pass.
  ["checks", odd({}, { Checks: [{ Status: 1 }] }), { status: "critical" }],
])("parseHealthAnswer() reads an instance whose %s cannot be read", (_, one, read) => {
  expect(parse(one)[0]).toMatchObject({ address: "10.0.0.1:3000", ...read });
});
