import { beforeEach, expect, onTestFinished, test } from "vitest";
import type { ConsulClient } from "../../../control/consul/client.ts";
import {
  deleteKey,
  getKey,
  getKeyNames,
  getKeys,
  KV_ENTRIES_MAX,
  kvPath,
  parseKvAnswer,
  putKey,
} from "../../../control/consul/kv.ts";
import { consulDeps } from "../../support/consul-deps.ts";
import { FakeConsul } from "../../support/fake-consul.ts";

let consul: FakeConsul;
let client: ConsulClient;

beforeEach(async () => {
  consul = await FakeConsul.start();
  const deps = consulDeps({ address: consul.address });
  ({ client } = deps);
  onTestFinished(async () => {
    await deps[Symbol.asyncDispose]();
    await consul[Symbol.asyncDispose]();
  });
});

test("kvPath() encodes each segment, and keeps the key's own slashes", () => {
  expect(kvPath("sluice/a b/%2F?")).toBe("kv/sluice/a%20b/%252F%3F");
});

test("getKey() reads a key with its index and lock, or undefined if there is none", async () => {
  consul.set("a", "wörth", "session-1");
  expect(await getKey(client, "a")).toEqual({
    key: "a",
    value: "wörth",
    modifyIndex: 2,
    lockIndex: 1,
    session: "session-1",
  });
  expect(await getKey(client, "none")).toBeUndefined();
});

test("getKey() asks any server when told so", async () => {
  await getKey(client, "a", { stale: true });
  expect(consul.asked).toEqual(["GET kv/a?stale="]);
});

test("getKeys() reads what is below, and an empty list where nothing is", async () => {
  for (const key of ["a/1", "a/2", "b"]) consul.set(key, key);
  expect((await getKeys(client, "a/")).map(({ key }) => key)).toEqual(["a/1", "a/2"]);
  expect(await getKeys(client, "none/")).toEqual([]);
});

test("getKeyNames() reads names without values, and none where nothing is", async () => {
  for (const key of ["a/1", "a/2", "b"]) consul.set(key, key);
  expect(await getKeyNames(client, "a/")).toEqual(["a/1", "a/2"]);
  expect(await getKeyNames(client, "none/")).toEqual([]);
  consul.fault = { kind: "answer", status: 200, text: '{"a":1}' };
  await expect(getKeyNames(client, "a/")).rejects.toMatchObject({ code: "consul_unreadable" });
});

test("putKey() writes only if its condition holds", async () => {
  expect(await putKey(client, "a", "1", { cas: 0 })).toBe(true);
  expect(await putKey(client, "a", "2", { cas: 0 })).toBe(false);
  expect(await putKey(client, "a", "3", { acquire: "no-session" })).toBe(false);
  expect(consul.keys.get("a")?.value).toBe("1");
});

test("putKey() takes no page of a proxy for a yes or no", async () => {
  consul.fault = { kind: "page", status: 200, html: "<html><title>Log in</title></html>" };
  const written = putKey(client, "a", "1", { cas: 0 });
  await expect(written).rejects.toMatchObject({ code: "consul_unreadable" });
});

test("deleteKey() deletes", async () => {
  consul.set("a", "1");
  await deleteKey(client, "a");
  expect(consul.keys.size).toBe(0);
});

test.each(["{}", '[{"Key":"a"}]', "no"])("parseKvAnswer() refuses %s", (text) => {
  expect(() => parseKvAnswer("read key a", text)).toThrow(
    expect.objectContaining({ code: "consul_unreadable" }),
  );
});

test("parseKvAnswer() refuses more keys than anybody needs before it reads each", () => {
  const keys = Array.from({ length: KV_ENTRIES_MAX + 1 }, () => ({ Key: 1 }));
  expect(() => parseKvAnswer("read keys", JSON.stringify(keys))).toThrow(
    expect.objectContaining({
      code: "consul_unreadable",
      message: expect.stringContaining(`at most ${KV_ENTRIES_MAX} keys, found ${keys.length}`),
    }),
  );
});

test("parseKvAnswer() takes null for an empty value, as Consul writes it", () => {
  const text = JSON.stringify([{ Key: "a", Value: null, ModifyIndex: 1, LockIndex: 0 }]);
  expect(parseKvAnswer("read key a", text)).toMatchObject([{ key: "a", value: "" }]);
});
