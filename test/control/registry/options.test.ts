import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { StoreConfig } from "../../../control/config/config-schema.ts";
import { consulSchema, registerSchema } from "../../../control/config/consul-schema.ts";
import { readConfig } from "../../../control/config/load.ts";
import { consulOptionsOf, registrationOf, trustOf } from "../../../control/registry/options.ts";
import { newSigningKey } from "../../../control/registry/signing-key.ts";
import { ConfigError } from "../../../control/base/errors.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

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
    proxyOf: undefined,
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

test("registrationOf() of a proxy in the mesh has the name that Consul's own tools give it", () => {
  const config = registerSchema.parse({ service: "web", port: 21000, connectProxy: true });
  expect(registrationOf(config)).toMatchObject({
    id: "sluice-web-sidecar-proxy-21000",
    service: "web-sidecar-proxy",
    proxyOf: "web",
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
  expect(String(error)).toMatch(
    /consul\.tls\.ca: wanted a readable file .*, found none \(ENOENT\)/,
  );
});

describe("trustOf()", () => {
  const storeOf = (more: object): StoreConfig => {
    const text = JSON.stringify({
      listeners: [{ bind: "127.0.0.1:0" }],
      consul: {},
      store: { kind: "consul", ...more },
    });
    return readConfig(text, { file: "test", environment: {} }).store;
  };
  const [ours, theirs] = [newSigningKey(), newSigningKey()];

  async function keyFile(): Promise<string> {
    const path = join(await temporaryFolder(), "table.key");
    await writeFile(path, ours.pem, { mode: 0o600 });
    return path;
  }

  test("is nobody in particular by default, and nothing where no table is shared", async () => {
    expect(await trustOf(storeOf({}))).toEqual({ trust: [], signingKey: undefined });
    expect(await trustOf({ kind: "memory" })).toBeUndefined();
  });

  test("reads the key that signs, which must be among those that are trusted", async () => {
    const signingKey = await keyFile();
    const trust = [theirs.publicKey, ours.publicKey];
    const read = await trustOf(storeOf({ trust, signingKey }));
    expect(read).toMatchObject({ trust, signingKey: { publicKey: ours.publicKey } });
    const migrating = await trustOf(storeOf({ signingKey }));
    expect(migrating).toMatchObject({ trust: [], signingKey: { publicKey: ours.publicKey } });
    const refused = trustOf(storeOf({ trust: [theirs.publicKey], signingKey }));
    await expect(refused).rejects.toMatchObject({
      problems: [{ path: "store.trust", wanted: expect.stringContaining(ours.publicKey) }],
    });
  });

  test("takes only public keys as they are printed", () => {
    expect(() => storeOf({ trust: ["ssh-ed25519 AAAA"] })).toThrow(
      "store.trust[0]: wanted a public key as `sluice key new` prints it",
    );
  });
});
