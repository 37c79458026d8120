import { expect, test } from "vitest";
import { consulSchema, registerSchema } from "../../../control/config/consul-schema.ts";
import { consulOptionsOf, registrationOf } from "../../../control/registry/options.ts";
import { ConfigError } from "../../../control/base/errors.ts";

test("registrationOf() fills in an id that is the same after a restart", () => {
  const config = registerSchema.parse({
    service: "web",
    version: "v2",
    port: 8080,
    check: { http: "http://127.0.0.1:3000/health", deregisterCriticalAfter: "10m" },
  });
  expect(registrationOf(config)).toEqual({
    id: "sluice-web-8080",
    service: "web",
    version: "v2",
    tags: [],
    address: undefined,
    port: 8080,
    check: {
      kind: "http",
      url: "http://127.0.0.1:3000/health",
      intervalMs: 5_000,
      timeoutMs: 2_000,
    },
    deregisterAfterMs: 600_000,
  });
});

test.each([
  [{ tcp: "127.0.0.1:3000" }, "tcp"],
  [{ ttl: "15s" }, "ttl"],
])("registrationOf() reads check %o as %s", (check, kind) => {
  const config = registerSchema.parse({ service: "web", port: 8080, check });
  expect(registrationOf(config).check?.kind).toBe(kind);
});

test("consulOptionsOf() says which PEM file cannot be read", async () => {
  const config = consulSchema.parse({ tls: { ca: "/nowhere/ca.pem" } });
  const error: unknown = await consulOptionsOf(config).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect(String(error)).toMatch(/consul\.tls\.ca: wanted a PEM file, found .*ENOENT/);
});
