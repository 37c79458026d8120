import { expect, test } from "vitest";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import { parseHealthAnswer, selectEndpoints } from "../../../control/registry/health.ts";

type EntryOptions = {
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

test("parseHealthAnswer() leaves out instances without a port", () => {
  expect(parse(entry({ port: 0 }))).toEqual([]);
});

test.each([
  [[], "passing"],
  [["passing", "warning"], "warning"],
  [["warning", "critical", "passing"], "critical"],
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
  expect(select(false)).toEqual([{ ...endpoint, weight: 10, healthy: false }]);
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
