import { expect, test } from "vitest";
import { roleOfChange } from "../../../../control/api/auth/change-role.ts";
import type { ServiceDocument } from "../../../../control/config/service-schema.ts";

const WEB: ServiceDocument = {
  timeout: "5s",
  versions: {
    v1: { weight: 90, endpoints: ["10.0.0.5:3000"] },
    v2: { weight: 10, endpoints: [{ address: "10.0.0.6:3000" }] },
  },
};
const { v1 = {}, v2 = {} } = WEB.versions;
const versions = (changed: Partial<typeof v1>): ServiceDocument => ({
  ...WEB,
  versions: { v1: { ...v1, ...changed }, v2 },
});
const FILTERED: ServiceDocument = { ...WEB, filters: [{ module: "./a.ts" }] };

test.each([
  ["weights", WEB, versions({ weight: 1 })],
  ["a version's state", WEB, versions({ state: "drain" })],
  ["an endpoint's state", WEB, versions({ endpointStates: { "10.0.0.5:3000": "maint" } })],
  ["weights beside filters", FILTERED, { ...versions({ weight: 1 }), filters: FILTERED.filters }],
  ["nothing", WEB, WEB],
] as const)("A change of %s takes shift", (_name, before, after) => {
  expect(roleOfChange(before, after)).toBe("shift");
});

test.each([
  ["a new service", undefined, WEB],
  ["a service that goes", WEB, undefined],
  ["a timeout", WEB, { ...WEB, timeout: "6s" }],
  ["an endpoint", WEB, versions({ endpoints: ["10.0.0.7:3000"] })],
  ["the order of versions", WEB, { ...WEB, versions: { v2, v1 } }],
  ["a service that loses its salt", { ...WEB, salt: "a" }, WEB],
] as const)("A change of %s takes write", (_name, before, after) => {
  expect(roleOfChange(before, after)).toBe("write");
});

test.each([
  ["a new filter", WEB, FILTERED],
  ["a filter that goes", FILTERED, WEB],
  ["a timeout beside a filter", FILTERED, { ...FILTERED, timeout: "6s" }],
  ["a service that goes with its filter", FILTERED, undefined],
  ["a Unix socket", WEB, versions({ endpoints: ["unix:/run/docker.sock"] })],
  ["a Unix socket with a weight", WEB, versions({ endpoints: [{ address: "unix:/run/s" }] })],
  ["an address that only the environment knows", WEB, versions({ endpoints: ["${WHERE}"] })],
] as const)("A change of %s takes admin", (_name, before, after) => {
  expect(roleOfChange(before, after)).toBe("admin");
});
