import { expect, test } from "vitest";
import { consulSchema, keyPrefix, registerSchema } from "../../../control/config/consul-schema.ts";
import { readBy } from "../../../control/config/problems.ts";

/** The paths of everything that is wrong; empty: it was read. */
function wrongPaths(schema: Parameters<typeof readBy>[0], document: unknown): readonly string[] {
  const result = readBy(schema, document);
  return result.kind === "read" ? [] : result.problems.map(({ path }) => path);
}

test.each([
  "http://127.0.0.1:8500",
  "https://consul.internal",
  "http://[::1]:8500/prefix/",
  "unix:///run/consul.sock",
])("consulSchema takes the address %s as it is written", (address) => {
  expect(consulSchema.parse({ address }).address).toBe(address);
});

test.each([
  "consul.internal:8500",
  "ftp://consul.internal",
  "http://user@consul.internal",
  "http://consul.internal?dc=1",
  "http://consul.internal#x",
  "unix://run/consul.sock",
  "unix:///",
  "",
  8500,
])("consulSchema refuses the address %j", (address) => {
  expect(wrongPaths(consulSchema, { address })).toEqual(["address"]);
});

test("consulSchema takes an empty text, as an unset variable leaves it, for none", () => {
  const { token, datacenter, namespace } = consulSchema.parse({ token: "", datacenter: "" });
  expect([token, datacenter, namespace]).toEqual([undefined, undefined, undefined]);
});

test.each([
  [{ cert: "c.pem", key: "k.pem" }, []],
  [{ cert: "c.pem" }, ["tls"]],
  [{ key: "k.pem" }, ["tls"]],
  [{ ca: "" }, ["tls.ca"]],
  [{ verify: false }, ["tls.verify"]],
])("consulSchema reads tls %j with problems at %j", (tls, paths) => {
  expect(wrongPaths(consulSchema, { tls })).toEqual(paths);
});

test.each([
  ["web-1", true],
  ["Node_1.eu", true],
  ["x".repeat(128), true],
  ["x".repeat(129), false],
  [".hidden", false],
  ["a/b", false],
  ["..", false],
])("consulSchema takes %j for a sidecar's name: %s", (sidecar, fits) => {
  expect(consulSchema.safeParse({ sidecar }).success).toBe(fits);
});

test("consulSchema takes a folder for its copies, or false for none", () => {
  expect(consulSchema.parse({ copies: false }).copies).toBe(false);
  expect(consulSchema.parse({ copies: "kept" }).copies).toBe("kept");
  expect(wrongPaths(consulSchema, { copies: true })).toEqual(["copies"]);
});

test.each([
  ["sluice", true],
  ["team/sluice.v1", true],
  ["/sluice", false],
  ["sluice/", false],
  ["a//b", false],
  ["", false],
])("keyPrefix takes %j: %s", (prefix, fits) => {
  expect(keyPrefix.safeParse(prefix).success).toBe(fits);
});

test.each([
  [{ http: "http://127.0.0.1:1/health" }, []],
  [{ tcp: "127.0.0.1:1" }, []],
  [{ ttl: "1s" }, []],
  [{ ttl: "999ms" }, ["check.ttl"]],
  [{ tcp: "127.0.0.1:1", ttl: "1s" }, ["check"]],
  [{ tcp: "127.0.0.1:1", interval: "10ms" }, ["check.interval"]],
])("registerSchema reads the check %j with problems at %j", (check, paths) => {
  expect(wrongPaths(registerSchema, { service: "web", port: 80, check })).toEqual(paths);
});

test.each([0, 65_536, "80"])("registerSchema refuses the port %j", (port) => {
  expect(wrongPaths(registerSchema, { service: "web", port })).toEqual(["port"]);
});

test.each(["https://10.0.0.7:9180", "http://127.0.0.1:9180", "https://edge-7.internal"])(
  "consulSchema takes %s for where others find the API",
  (address) => {
    expect(consulSchema.parse({ fleet: { address } }).fleet).toEqual({ address });
  },
);

test.each([
  ["10.0.0.7:9180", "an http:// or https:// URL of a host and port"],
  ["unix:/run/sluice.sock", "an http:// or https:// URL of a host and port"],
  ["https://10.0.0.7:9180/v1", "without a path"],
  ["https://me@10.0.0.7:9180", "an http:// or https:// URL of a host and port"],
])("consulSchema refuses %s for where others find the API", (address, wanted) => {
  const [issue] = consulSchema.safeParse({ fleet: { address } }).error?.issues ?? [];
  expect(issue?.message).toContain(wanted);
});

test("consulSchema wants the roots of the fleet's certificates, and cert and key together", () => {
  for (const tls of [{}, { ca: "ca.pem", cert: "a.pem" }, { ca: "ca.pem", key: "a.key" }]) {
    expect(consulSchema.safeParse({ fleet: { tls } }).success).toBe(false);
  }
  const tls = { ca: "ca.pem", cert: "a.pem", key: "a.key" };
  expect(consulSchema.parse({ fleet: { tls } }).fleet.tls).toEqual(tls);
});
