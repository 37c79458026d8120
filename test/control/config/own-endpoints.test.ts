import { expect, test } from "vitest";
import { ownEndpoints } from "../../../control/config/own-endpoints.ts";
import type { ServiceVersion } from "../../../control/config/service.ts";

function version(name: string, ...addresses: readonly string[]): ServiceVersion {
  const endpoints = addresses.map((address) => ({ address, weight: 1 }));
  const source = { kind: "static", endpoints } as const;
  return { name, weight: 1, state: "ready", endpointStates: new Map(), source };
}

test("ownEndpoints() names each endpoint at which the sidecar itself listens", () => {
  const versions = [
    version("v1", "10.0.0.1:80", "127.0.0.1:9180"),
    version("v2", "unix:/run/sluice.sock", "127.0.0.2:80"),
  ];
  const binds = ["127.0.0.1:9180", "0.0.0.0:80", "unix:/run/sluice.sock"];
  expect(ownEndpoints(versions, binds).map(({ path }) => path.join("."))).toEqual([
    "versions.v1.endpoints.1",
    "versions.v2.endpoints.0",
    "versions.v2.endpoints.1",
  ]);
});

test("ownEndpoints() knows nothing of endpoints that Consul will name", () => {
  const source = { kind: "consul", selector: { service: "web" } } as const;
  expect(ownEndpoints([{ ...version("v1"), source }], ["0.0.0.0:80"])).toEqual([]);
});
