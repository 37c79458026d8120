import { describe, expect, test } from "vitest";
import { configShape } from "../../../control/config/config-shape.ts";
import { readBy } from "../../../control/config/problems.ts";
import { newSigningKey } from "../../../control/registry/signing-key.ts";

const LISTENER = { bind: "127.0.0.1:8080" };

/** Where something is wrong with a configuration, and what is wanted there. */
function flaws(config: object): readonly string[] {
  const read = readBy(configShape, { listeners: [LISTENER], ...config });
  return read.kind === "read" ? [] : read.problems.map(({ path, wanted }) => `${path}: ${wanted}`);
}

/** So many listeners. */
const listeners = (count: number): object[] =>
  Array.from({ length: count }, (_, at) => ({ bind: `127.0.0.1:${8_000 + at}` }));

const peers = (count: number): string[] => Array.from({ length: count }, () => "unix");

describe("configShape bounds", () => {
  test.each([
    ["listeners", { listeners: listeners(64) }, { listeners: listeners(65) }],
    ["workers", { workers: 64 }, { workers: 65 }],
    ["workers", { workers: 1 }, { workers: 0 }],
    [
      "listeners[0].connectionsMax",
      { listeners: [{ ...LISTENER, connectionsMax: 1_000_000 }] },
      { listeners: [{ ...LISTENER, connectionsMax: 1_000_001 }] },
    ],
    [
      "listeners[0].trustedPeers",
      { listeners: [{ ...LISTENER, trustedPeers: peers(64) }] },
      { listeners: [{ ...LISTENER, trustedPeers: peers(65) }] },
    ],
  ])("%s", (path, most, more) => {
    expect(flaws(most)).toEqual([]);
    expect(flaws(more).map((flaw) => flaw.replace(/: .*/, ""))).toEqual([path]);
  });

  test("the keys that tables are signed with", () => {
    const { publicKey } = newSigningKey();
    const store = (count: number): object => ({
      store: { kind: "consul", trust: Array.from({ length: count }, () => publicKey) },
    });
    expect([flaws(store(64)), flaws(store(65)).length]).toEqual([[], 1]);
  });
});

test.each([
  ["no listener", { listeners: [] }, "listeners: at least one listener"],
  ["a key that is not there", { listner: 1 }, "listner: "],
  [
    "a peer that is no range",
    { listeners: [{ ...LISTENER, trustedPeers: ["10.0.0.0/33"] }] },
    "listeners[0].trustedPeers[0]: an address range such as 10.0.0.0/8, or unix",
  ],
  ["a public key that is none", { store: { kind: "consul", trust: ["x"] } }, "store.trust[0]: "],
  ["a key of another kind of store", { store: { kind: "memory", path: "a" } }, "store.path: "],
])("configShape refuses %s", (_, config, flaw) => {
  expect(flaws(config)).toEqual([expect.stringContaining(flaw)]);
});

test("configShape keeps the files of each listener's TLS, with its place", () => {
  const tls = { certificates: [{ cert: "a.pem", key: "a.key" }] };
  const read = readBy(configShape, { listeners: [LISTENER, { bind: "127.0.0.1:8443", tls }] });
  if (read.kind === "wrong") throw new Error(JSON.stringify(read.problems));
  expect(read.value.listeners.map((each) => each.tls?.identities)).toEqual([
    undefined,
    ["file:a.pem"],
  ]);
  expect(read.value.listenerFiles).toMatchObject([
    { bind: "127.0.0.1:8443", at: 1, certificates: [{ cert: "a.pem", key: "a.key" }] },
  ]);
});
