import { join } from "node:path";
import { expect, test } from "vitest";
import { readService } from "../../../control/config/read-service.ts";
import { seededRandom } from "../../../proxy/base/random.ts";
import { eventually } from "../../support/eventually.ts";
import { answer, RawOrigin } from "../../support/origin.ts";
import { ANY, FakeDiscovery, started } from "../../support/started-services.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { check, healthChecks, healthOf, INTERVAL_MS, TIMEOUT_MS, web } from "./checks-fixture.ts";

/** An answer with a short body. */
function status(code: number): ReturnType<typeof answer> {
  const body = code === 204 || code === 304 ? "" : "Content-Length: 2\r\n";
  return answer(`HTTP/1.1 ${code} Some Reason\r\n${body}\r\n${body && "ok"}`);
}

test("HealthChecks.endpoints() changes after `fall` failures or `rise` successes", async () => {
  using origin = await RawOrigin.start();
  const { checks, round, changes, events } = healthChecks();
  checks.update(web({ v1: [origin.address] }, check({ rise: 2, fall: 3 })));
  const seen: string[] = healthOf(checks, "v1");
  for (const code of [500, 503, 200, 500, 404, 500, 200, 500, 200, 204]) {
    origin.onRequest = status(code);
    await round();
    seen.push(`${code} ${healthOf(checks, "v1").join()}`);
  }
  expect(seen).toEqual([
    "up",
    "500 up",
    "503 up",
    "200 up",
    "500 up",
    "404 up",
    "500 down",
    "200 down",
    "500 down",
    "200 down",
    "204 up",
  ]);
  expect(changes).toEqual(["web", "web"]);
  expect(events).toEqual([
    `health web v1 ${origin.address} down answered 500`,
    `health web v1 ${origin.address} up answered 204`,
  ]);
});

test("HealthChecks take every 2xx and 3xx for healthy, and nothing else", async () => {
  using origin = await RawOrigin.start();
  const { checks, round } = healthChecks();
  checks.update(web({ v1: [origin.address] }));
  const seen: Record<string, string[]> = { up: [], down: [] };
  for (const code of [200, 400, 204, 404, 299, 500, 301, 503, 304, 599, 399, 401]) {
    origin.onRequest = status(code);
    await round();
    seen[healthOf(checks, "v1").join()]?.push(String(code));
  }
  expect(seen).toEqual({
    up: ["200", "204", "299", "301", "304", "399"],
    down: ["400", "404", "500", "503", "599", "401"],
  });
});

test("HealthChecks probe by a GET that says who asks, for the first exact host", async () => {
  using origin = await RawOrigin.start();
  const { checks, round } = healthChecks();
  const hosts = ["*.web.internal", "Web.internal", "web"];
  checks.update(web({ v1: [origin.address] }, { ...check({ path: "/up?deep=1" }), hosts }));
  await round();
  const request = origin.requests[0];
  expect(request?.line).toBe("GET /up?deep=1 HTTP/1.1");
  expect(request?.field("host")).toBe("web.internal");
  expect(request?.field("user-agent")).toBe("sluice-health-check");
  expect(request?.field("connection")).toBe("close");
});

test.each([
  ["a head that does not come", (): void => undefined],
  ["a body that does not end", answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")],
])("HealthChecks take %s in time for a failure", async (_, onRequest) => {
  using origin = await RawOrigin.start();
  const { checks, clock, events } = healthChecks();
  checks.update(web({ v1: [origin.address] }));
  origin.onRequest = onRequest;
  await clock.advance(INTERVAL_MS / 2);
  await eventually(() => expect(origin.requests).toHaveLength(1));
  await clock.advance(TIMEOUT_MS - 1);
  expect(healthOf(checks, "v1")).toEqual(["up"]);
  await clock.advance(1);
  await eventually(() => expect(healthOf(checks, "v1")).toEqual(["down"]));
  expect(events).toEqual([`health web v1 ${origin.address} down no answer within 700 ms`]);
  await eventually(() => expect(origin.lastConnection.fate).not.toBe("open"));
});

test.each([
  ["is closed without an answer", "", "no usable answer: UND_ERR_SOCKET"],
  ["answers what is not HTTP", "SSH-2.0-x\r\n\r\n", "no usable answer: HTTPParserError"],
])("HealthChecks take a connection that %s for a failure", async (_, bytes, reason) => {
  using origin = await RawOrigin.start();
  const { checks, round, events } = healthChecks();
  checks.update(web({ v1: [origin.address] }));
  origin.onRequest = (connection) => connection.send(bytes).socket.end();
  await round();
  expect(events).toEqual([`health web v1 ${origin.address} down ${reason}`]);
});

test("HealthChecks cut a body that is too long, and count its head", async () => {
  using origin = await RawOrigin.start();
  const { checks, round } = healthChecks();
  checks.update(web({ v1: [origin.address] }));
  const piece = Buffer.alloc(32 * 1024, 0x61);
  origin.onRequest = (connection) => {
    connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    const more = (): void => {
      while (!connection.socket.destroyed && connection.socket.write(piece));
    };
    connection.socket.on("drain", more);
    more();
  };
  await round();
  expect(healthOf(checks, "v1")).toEqual(["up"]);
  await eventually(() => expect(origin.lastConnection.fate).not.toBe("open"));
});

test("HealthChecks count a refused connection as a failure, over TCP and Unix", async () => {
  const path = join(await temporaryFolder(), "origin.sock");
  const tcp = await RawOrigin.start();
  const { address } = tcp;
  tcp[Symbol.dispose]();
  const { checks, round, events } = healthChecks();
  checks.update(web({ v1: [address], v2: [`unix:${path}`] }));
  await round(2);
  expect(events.toSorted()).toEqual([
    `health web v1 ${address} down cannot connect: ECONNREFUSED`,
    `health web v2 unix:${path} down cannot connect: ENOENT`,
  ]);
  using unix = await RawOrigin.start({ path });
  await round(2);
  expect([healthOf(checks, "v1"), healthOf(checks, "v2")]).toEqual([["down"], ["up"]]);
  expect(unix.requests).toHaveLength(1);
});

test("HealthChecks probe an address once for all versions of a service that have it", async () => {
  using origin = await RawOrigin.start();
  using other = await RawOrigin.start();
  const { checks, round, changes, events } = healthChecks();
  const [shared, own] = [origin.address, other.address];
  checks.update(web({ v1: [shared], v2: [own, shared] }));
  origin.onRequest = status(500);
  await round(2);
  expect(origin.requests).toHaveLength(1);
  expect([healthOf(checks, "v1"), healthOf(checks, "v2")]).toEqual([["down"], ["up", "down"]]);
  expect(changes).toEqual(["web"]);
  expect(events).toEqual([
    `health web v1 ${shared} down answered 500`,
    `health web v2 ${shared} down answered 500`,
  ]);
});

test("HealthChecks.update() keeps what it knows of addresses that stay", async () => {
  using bad = await RawOrigin.start();
  using good = await RawOrigin.start();
  const { checks, round } = healthChecks();
  bad.onRequest = status(500);
  const both = [bad.address, good.address];
  checks.update(web({ v1: [bad.address] }, check({ fall: 2 })));
  await round();
  checks.update(web({ v1: both }, check({ fall: 2, path: "/other" })));
  await round(2);
  expect(healthOf(checks, "v1")).toEqual(["down", "up"]);
  expect(bad.requests.map(({ line }) => line.split(" ")[1])).toEqual(["/health", "/other"]);
  checks.update(web({ v2: both }, check({ rise: 9 })));
  expect(healthOf(checks, "v2")).toEqual(["down", "up"]);
});

test("HealthChecks.update() forgets an address that is gone and probes it no more", async () => {
  using bad = await RawOrigin.start();
  using good = await RawOrigin.start();
  const { checks, round } = healthChecks();
  bad.onRequest = status(500);
  checks.update(web({ v1: [bad.address, good.address] }));
  await round(2);
  checks.update(web({ v1: [good.address] }));
  await round();
  expect([bad.requests.length, good.requests.length]).toEqual([1, 2]);
  checks.update(web({ v1: [bad.address, good.address] }));
  expect(healthOf(checks, "v1")).toEqual(["up", "up"]);
});

test("HealthChecks.update() with the same service disturbs no probe", async () => {
  using origin = await RawOrigin.start();
  const { checks, clock, round } = healthChecks();
  const services = web({ v1: [origin.address] });
  checks.update(services);
  await clock.advance(400);
  checks.update({ ...services });
  checks.update(web({ v1: [origin.address], v2: [origin.address] }));
  await clock.advance(100);
  await eventually(() => expect(origin.requests).toHaveLength(1));
  await round();
  expect(origin.requests).toHaveLength(2);
});

test("HealthChecks put an endpoint back in the table when its check is removed", async () => {
  using origin = await RawOrigin.start();
  const { checks, round } = healthChecks();
  origin.onRequest = status(500);
  const versions = { v1: { weight: 1, endpoints: [origin.address] } };
  const { services } = await started({ web: { ...check(), versions } }, { discovery: checks });
  const isHealthy = (): unknown => services.snapshot("web").versions[0]?.endpoints[0]?.healthy;
  expect(isHealthy()).toBe(true);
  await round();
  await eventually(() => expect(isHealthy()).toBe(false));
  await services.put("web", { versions }, ANY);
  await eventually(() => expect(isHealthy()).toBe(true));
  expect(services.revision).toBe(2);
});

test("HealthChecks of discovered endpoints need the registry's word and the check", async () => {
  using bad = await RawOrigin.start();
  using good = await RawOrigin.start();
  const inner = new FakeDiscovery();
  const { checks, round, changes } = healthChecks({ inner });
  bad.onRequest = status(500);
  const versions = { v1: { weight: 1, consul: { service: "web", version: "v1" } } };
  const service = readService("web", { ...check(), versions });
  checks.update({ web: service });
  expect(inner.watched).toEqual({ web: service });
  expect(checks.endpoints("web", "v1")).toEqual([]);
  inner.found.set("web/v1", [
    { address: bad.address, weight: 3, healthy: true },
    { address: good.address, weight: 5, healthy: false },
  ]);
  inner.onChange("web");
  expect(changes).toEqual(["web"]);
  await round(2);
  expect(checks.endpoints("web", "v1")).toEqual([
    { address: bad.address, weight: 3, healthy: false, reason: "answered 500" },
    { address: good.address, weight: 5, healthy: false },
  ]);
  inner.found.set("web/v1", [{ address: good.address, weight: 5, healthy: true }]);
  inner.onChange("web");
  await round();
  expect(checks.endpoints("web", "v1")).toEqual(inner.found.get("web/v1"));
  expect(bad.requests).toHaveLength(1);
});

test("HealthChecks pass discovery through for a service without a check", async () => {
  using origin = await RawOrigin.start();
  const inner = new FakeDiscovery();
  const { checks, clock, changes } = healthChecks({ inner });
  const found = [{ address: origin.address, weight: 2, healthy: false }];
  inner.found.set("web/v2", found);
  checks.update(web({ v1: [origin.address] }, {}));
  inner.onChange("web");
  expect([checks.endpoints("web", "v1"), checks.endpoints("web", "v2")]).toEqual([[], found]);
  expect(changes).toEqual(["web"]);
  expect(clock.loopSleepsMs).toEqual([]);
});

test("HealthChecks begin at a random time in the interval, with at most 10% jitter", async () => {
  using origin = await RawOrigin.start();
  const { checks, clock, round } = healthChecks({ random: seededRandom(7) });
  checks.update(web({ v1: [origin.address] }));
  const [firstMs = NaN] = clock.loopSleepsMs;
  for (let probe = 0; probe < 20; probe += 1) await round(1, clock.loopSleepsMs.at(-1));
  expect(origin.requests).toHaveLength(20);
  const laterMs = clock.loopSleepsMs.slice(1);
  expect(firstMs).toBeGreaterThanOrEqual(0);
  expect(firstMs).toBeLessThan(INTERVAL_MS);
  expect(Math.min(...laterMs)).toBeGreaterThanOrEqual(0.9 * INTERVAL_MS);
  expect(Math.max(...laterMs)).toBeLessThanOrEqual(1.1 * INTERVAL_MS);
  expect(new Set(laterMs).size).toBe(20);
});

test("HealthChecks never have two probes of an endpoint under way", async () => {
  using origin = await RawOrigin.start();
  const { checks, clock } = healthChecks();
  origin.onRequest = (): void => undefined;
  checks.update(web({ v1: [origin.address] }, check({ timeout: "2500ms" })));
  await clock.advance(INTERVAL_MS / 2);
  await eventually(() => expect(origin.requests).toHaveLength(1));
  await clock.advance(2_499);
  expect(origin.requests).toHaveLength(1);
  await clock.advance(1);
  await eventually(async () => {
    await clock.advance(0);
    expect(origin.requests).toHaveLength(2);
  });
  expect(origin.connections.map(({ fate }) => fate)).toEqual(["fin", "open"]);
});

test("HealthChecks.close() ends probes under way, and nothing begins afterwards", async () => {
  using origin = await RawOrigin.start();
  const { checks, clock, changes } = healthChecks();
  origin.onRequest = (): void => undefined;
  checks.update(web({ v1: [origin.address] }));
  await clock.advance(INTERVAL_MS / 2);
  await eventually(() => expect(origin.requests).toHaveLength(1));
  await checks.close();
  await eventually(() => expect(origin.lastConnection.fate).not.toBe("open"));
  checks.update(web({ v1: [origin.address], v2: [origin.address] }));
  await clock.advance(10 * INTERVAL_MS);
  expect([origin.requests.length, changes]).toEqual([1, []]);
});
