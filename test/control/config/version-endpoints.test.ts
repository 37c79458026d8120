import { describe, expect, test } from "vitest";
import { serviceSchema } from "../../../control/config/service-schema.ts";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import type { ServiceVersion } from "../../../control/config/service.ts";
import {
  endpointsOf,
  hostNameOf,
  isConnectable,
  stateOf,
} from "../../../control/config/version-endpoints.ts";

function version(document: ServiceDocument["versions"][string]): ServiceVersion {
  return serviceSchema.parse({ versions: { v1: document } }).versions[0] as ServiceVersion;
}

const named = version({
  endpoints: ["10.0.0.1:80", { address: "web:80", weight: 3 }, "db:80"],
  endpointStates: { "web:80": "drain", "10.0.0.2:80": "maint" },
});

describe("endpointsOf()", () => {
  test("puts addresses in the place of names, and says what has none", () => {
    const web = { weight: 3, healthy: true, name: "web:80" };
    const found = [
      { ...web, address: "10.0.0.2:80" },
      { ...web, address: "10.0.0.3:80", healthy: false, reason: "answered 500" },
    ];
    expect(endpointsOf(named, found)).toEqual([
      { address: "10.0.0.1:80", weight: 1, healthy: true },
      ...found,
      { address: "db:80", weight: 1, healthy: false, name: "db:80", reason: "not resolved yet" },
    ]);
  });

  test("has an address once that several entries lead to: the first of the healthy", () => {
    const entry = { address: "10.0.0.1:80", weight: 9, name: "web:80" };
    expect(endpointsOf(named, [{ ...entry, healthy: true }])[0]).toMatchObject({ weight: 1 });
    const consul = version({ consul: { service: "web" } });
    const found = [
      { ...entry, healthy: false },
      { ...entry, healthy: true, weight: 5 },
      { ...entry, healthy: true, weight: 6 },
    ];
    expect(endpointsOf(consul, found)).toEqual([found[1]]);
  });
});

test.each([
  ["10.0.0.1:80", true],
  ["[::1]:80", true],
  ["unix:/run/web.sock", true],
  ["web:80", false],
  ["localhost:80", false],
  ["10.0.0.1:99999", false],
  ["no host:80", false],
])("isConnectable() of %s is %s", (address, expected) => {
  expect(isConnectable({ address })).toBe(expected);
});

test("stateOf() takes the address's state before that of its name", () => {
  const endpoint = { weight: 1, healthy: true, name: "web:80" };
  const states = ["10.0.0.2:80", "10.0.0.3:80"].map((address) =>
    stateOf(named, { ...endpoint, address }),
  );
  expect(states).toEqual(["maint", "drain"]);
  expect(stateOf(named, { ...endpoint, address: "10.0.0.1:80", name: undefined })).toBe("ready");
});

test("hostNameOf() is the host of the entry whose name led to the address", () => {
  const found = { address: "10.0.0.1:80", weight: 1, healthy: true };
  expect(hostNameOf({ ...found, name: "web.internal:80" })).toBe("web.internal");
  expect(hostNameOf({ ...found, name: "10.0.0.1:80" })).toBe(undefined);
  expect(hostNameOf(found)).toBe(undefined);
});
