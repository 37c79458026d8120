import type { ListenOptions } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import {
  answerTimeoutMs,
  ConsulClient,
  consulPath,
  WAIT_DEFAULT_MS,
} from "../../../control/consul/client.ts";
import type { ConsulOptions } from "../../../control/consul/agent-connections.ts";
import { TURNS_MAX } from "../../../control/consul/agent-turns.ts";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeConsul } from "../../support/fake-consul.ts";

const TOKEN = "8f0e3a52-5a5f";
const READ = { action: "read key a", path: "kv/a" };
const WAIT = { ...READ, wait: { index: 1, waitMs: 60_000 } };

let consul: FakeConsul;

beforeEach(async () => {
  consul = await FakeConsul.start();
  return () => consul[Symbol.asyncDispose]();
});

/** A client of the fake, closed with the test. */
function clientOf(options: Partial<ConsulOptions> = {}): ConsulClient {
  const client = new ConsulClient({ address: consul.address, ...options }, systemClock);
  onTestFinished(() => client.close());
  return client;
}

/** A call of each of the two libraries below the client. */
const CALLS: readonly (readonly [string, (client: ConsulClient) => Promise<unknown>])[] = [
  ["request()", (client) => client.request(READ)],
  [
    "call()",
    (client) =>
      client.call("read key a", (agent, dc) => agent.kv.set({ key: "a", value: "1", ...dc })),
  ],
];

describe.each(CALLS)("ConsulClient.%s", (_, run) => {
  test("says who asks, and about which datacenter, namespace and partition", async () => {
    const place = { datacenter: "dc2", namespace: "team", partition: "east" };
    await run(clientOf({ token: TOKEN, ...place }));
    expect(consul.last?.headers).toMatchObject({
      "x-consul-token": TOKEN,
      "x-consul-namespace": "team",
      "x-consul-partition": "east",
    });
    expect(consul.asked[0]).toContain("dc=dc2");
  });

  test("says which key names what only Consul Enterprise has", async () => {
    const what = "Partitions are a Consul Enterprise feature";
    const text = `Invalid header: "X-Consul-Partition" - ${what}`;
    consul.fault = { kind: "answer", status: 400, text };
    const advice = "leave out consul.partition, and unset CONSUL_PARTITION";
    await expect(run(clientOf({ partition: "east" }))).rejects.toMatchObject({
      code: "consul_refused",
      message: `Cannot read key a: Consul answered 400 (${text}); ${advice}`,
    });
  });

  test("sends no token when there is none", async () => {
    await run(clientOf({ token: "" }));
    expect(consul.last?.headers).not.toHaveProperty("x-consul-token");
  });

  test("tells a refusal in Consul's words, but never the token", async () => {
    consul.fault = { kind: "answer", status: 403, text: `token ${TOKEN} may not` };
    const client = clientOf({ token: TOKEN });
    await expect(run(client)).rejects.toMatchObject({
      code: "consul_denied",
      message: "Cannot read key a: Consul answered 403 (token <token> may not)",
    });
  });

  test("is consul_unreachable when there is nobody", async () => {
    const nobody = clientOf({ address: "http://127.0.0.1:1" });
    await expect(run(nobody)).rejects.toMatchObject({ code: "consul_unreachable" });
  });
});

/** Where an agent may be, besides a port of 127.0.0.1; `prefix` stands before /v1. */
const PLACES: readonly (readonly [string, ListenOptions, string])[] = [
  ["below a path", { host: "127.0.0.1", port: 0 }, "/gateway/consul"],
  ["at a socket file", { path: join(tmpdir(), `sluice-consul-${process.pid}.sock`) }, ""],
  ["at an IPv6 address", { host: "::1", port: 0 }, ""],
];

describe.each(CALLS)("ConsulClient.%s", (_, run) => {
  test("sends another token from useToken() on, and tells none of them", async () => {
    const client = clientOf({ token: TOKEN });
    await run(client);
    expect(client.useToken(TOKEN)).toBe(false);
    expect(client.useToken("another-token")).toBe(true);
    consul.fault = { kind: "answer", status: 403, text: `${TOKEN} another-token` };
    const refused = run(client);
    await expect(refused).rejects.toThrow("Consul answered 403 (<token> <token>)");
    expect(consul.last?.headers).toMatchObject({ "x-consul-token": "another-token" });
    expect(client.tokenCount).toBe(2);
  });

  test.each(PLACES)("reaches an agent %s", async (_place, at, prefix) => {
    await using agent = await FakeConsul.start(at);
    agent.prefix = prefix;
    agent.set("a", "1");
    await run(clientOf({ address: `${agent.address}${prefix}` }));
    expect(agent.asked[0]).toMatch(/^(?:GET|PUT) kv\/a/);
  });
});

describe("ConsulClient.request()", () => {
  test("gives the answer with what Consul says of it", async () => {
    consul.set("a", "1");
    expect(await clientOf().request(READ)).toMatchObject({
      found: true,
      index: 2,
      lastContactMs: 0,
      knownLeader: true,
    });
    expect(await clientOf().request({ ...READ, path: "kv/none" })).toMatchObject({ found: false });
  });

  test("is consul_timeout when nothing is answered in time", async () => {
    consul.fault = { kind: "silence" };
    const asked = clientOf().request({ ...READ, timeoutMs: 50 });
    await expect(asked).rejects.toMatchObject({ code: "consul_timeout" });
  });

  test("throws the signal's reason when it is aborted", async () => {
    consul.fault = { kind: "silence" };
    const end = new AbortController();
    const asked = clientOf().request({ ...READ, signal: end.signal });
    await eventually(() => expect(consul.asked).toHaveLength(1));
    end.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
  });

  test("knows when a server with a leader answered last", async () => {
    const client = clientOf();
    expect(client.lastLedAnswerMs).toBe(-Infinity);
    consul.leader = "";
    await client.request(READ);
    expect(client.lastLedAnswerMs).toBe(-Infinity);
    consul.leader = "10.0.0.1:8300";
    await client.request(READ);
    expect(client.lastLedAnswerMs).toBeLessThanOrEqual(systemClock.nowMs());
    expect(client.lastLedAnswerMs).toBeGreaterThan(0);
  });
});

test("ConsulClient.request() says that an answer is too large", async () => {
  consul.health.set("web", "x".repeat(33 * 2 ** 20));
  const asked = clientOf().request({ action: "read web", path: "health/service/web" });
  const message = "Cannot read web: Consul's answer is larger than 32 MiB";
  await expect(asked).rejects.toMatchObject({ code: "consul_unreadable", message });
});

test.each([
  [{ datacenter: "dc1" }, { ...READ, query: { dc: "dc2" } }, false],
  [{ datacenter: "dc1" }, { ...READ, query: { dc: "dc1" } }, true],
  [{}, { ...READ, query: { dc: "dc2" } }, false],
  // A prepared query may have failed over.
  [{}, { ...READ, path: "query/web/execute" }, false],
])("ConsulClient with %j hears from its own datacenter by %j: %s", async (own, read, isOwn) => {
  const client = clientOf(own);
  await client.request(read);
  expect(client.lastLedAnswerMs > 0).toBe(isOwn);
});

test("ConsulClient.dropWatches() ends blocking queries under way, but no later one", async () => {
  const client = clientOf();
  const asked = client.request(WAIT);
  await eventually(() => expect(consul.asked).toHaveLength(1));
  client.dropWatches(new ConsulError("consul_no_leader", "ask", "nobody leads"));
  await expect(asked).rejects.toMatchObject({ code: "consul_no_leader" });
  const later = client.request(WAIT);
  await eventually(() => expect(consul.asked).toHaveLength(2));
  consul.set("a", "1");
  expect(await later).toMatchObject({ found: true });
});

test.each(CALLS)("ConsulClient.%s asks later when the agent takes no more", async (_, run) => {
  consul.fault = { kind: "answer", status: 429, text: "too many concurrent connections" };
  const client = clientOf();
  const asked = run(client);
  await eventually(() => expect(client.turns.limit).toBeLessThan(TURNS_MAX));
  consul.fault = undefined;
  await asked;
  expect(consul.asked).toHaveLength(2);
});

test("ConsulClient takes a second connection that is closed at once for a refusal", async () => {
  consul.fault = { kind: "cut" };
  const client = clientOf();
  // Of another agent's history: nothing would ever answer it.
  const asked = client.request({ ...READ, wait: { index: 1_000, waitMs: 60_000 } });
  await eventually(() => expect(consul.asked).toHaveLength(1));
  consul.changed();
  expect(client.turns.limit).toBe(TURNS_MAX);
  await eventually(() => expect(client.turns.limit).toBeLessThan(TURNS_MAX));
  expect(consul.asked).toHaveLength(2);
  consul.fault = undefined;
  expect(await asked).toMatchObject({ found: false });
});

test("ConsulClient.call() whose connection is cut may have been carried out", async () => {
  consul.fault = { kind: "cut" };
  const asked = clientOf().call("write key a", (agent) => agent.kv.set({ key: "a", value: "1" }));
  await expect(asked).rejects.toMatchObject({ code: "consul_unreachable", outcomeUnknown: true });
});

/** A client whose second takes 50 ms. */
function hurriedClient(): ConsulClient {
  const sleep = async (forMs: number, signal?: AbortSignal): Promise<void> =>
    systemClock.sleep(forMs / 20, signal);
  const client = new ConsulClient({ address: consul.address }, { ...systemClock, sleep });
  onTestFinished(() => client.close());
  return client;
}

test("ConsulClient.request() that is cut every time says why that may be", async () => {
  consul.fault = { kind: "cut" };
  const asked = hurriedClient().request(READ);
  await expect(asked).rejects.toMatchObject({
    code: "consul_busy",
    message: expect.stringContaining("limits.http_max_conns_per_client"),
  });
  expect(consul.asked).toHaveLength(4);
});

test("ConsulClient makes a connection anew after eight blocking queries", async () => {
  const client = clientOf();
  for (let asked = 0; asked < 40; asked += 1) {
    await client.request({ ...READ, wait: { index: 0, waitMs: 1 } });
  }
  // The pool may take a second one before the first is free again.
  expect(consul.opened).toBeGreaterThanOrEqual(5);
});

test("ConsulClient has no more blocking queries under way than it has turns", async () => {
  const client = clientOf();
  const asked = Array.from({ length: TURNS_MAX + 1 }, async () => client.request(WAIT));
  await eventually(() => expect(consul.asked).toHaveLength(TURNS_MAX));
  consul.changed();
  await Promise.all(asked);
  expect(consul.asked).toHaveLength(TURNS_MAX + 1);
});

test("ConsulClient.json() gives undefined for a 404, and refuses what is not JSON", async () => {
  consul.health.set("web", "no JSON");
  const client = clientOf();
  expect(await client.json(READ)).toBeUndefined();
  const asked = client.json({ action: "read web", path: "health/service/web" });
  await expect(asked).rejects.toMatchObject({ code: "consul_unreadable" });
});

test("consulPath() keeps a name in its place", () => {
  expect(consulPath("a/b", "..", "c?d#e", "ö")).toBe("a%2Fb/../c%3Fd%23e/%C3%B6");
});

test("a blocking query of the default wait finds out within 60 s that nobody hears it", () => {
  expect(clientOf().waitMs).toBe(WAIT_DEFAULT_MS);
  const wait = { index: 1, waitMs: WAIT_DEFAULT_MS };
  expect(answerTimeoutMs({ wait })).toBeLessThan(60_000);
  expect(clientOf({ waitMs: 5_000 }).waitMs).toBe(5_000);
});
