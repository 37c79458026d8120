import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DnsServer } from "../support/dns-server.ts";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { Load } from "../support/load.ts";
import { runSluice } from "../support/run-sluice.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * Goal: endpoints that are names are followed off the path of requests, and one name's silence is
 * no other name's. Method: a real sidecar with a resolv.conf that leads to a DNS server of ours.
 */

/** How long a change of a name with a TTL of 1 s may take, with room for a busy machine. */
const FOLLOWED_WITHIN_MS = 10_000;

let dns: DnsServer;
let folder: string;
let sidecar: TestSidecar | undefined;
const origins: Disposable[] = [];

beforeEach(async () => {
  dns = await DnsServer.start("127.0.0.9");
  folder = await temporaryFolder();
});
afterEach(async () => {
  await sidecar?.stop();
  sidecar = undefined;
  dns[Symbol.dispose]();
  for (const each of origins.splice(0)) each[Symbol.dispose]();
});

/** An origin on a loopback address that answers with that address. Gives its port. */
async function origin(host: string, port = 0): Promise<number> {
  const server = createServer({ keepAliveTimeout: 0 }, (_request, response) => response.end(host));
  server.listen(port, host);
  await once(server, "listening");
  origins.push({
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return (server.address() as AddressInfo).port;
}

/** A sidecar with these endpoints, by service. */
async function start(services: Readonly<Record<string, string>>, hosts = ""): Promise<TestSidecar> {
  const entries = Object.entries(services).map(([name, endpoint]) => [
    name,
    { versions: { v1: { endpoints: [endpoint] } }, timeout: "5s" },
  ]);
  const config = { services: Object.fromEntries(entries) as object };
  sidecar = await startSidecar(config, await dns.environment(folder, hosts));
  return sidecar;
}

/** One request on a connection of its own: the body, or the status when it is not 200. */
async function ask(host: string): Promise<string> {
  const client = await KeptConnection.open(sidecar?.ports[0] ?? 0);
  const { status, body } = await client.get(host);
  client.close();
  return status === 200 ? body : `status ${status}`;
}

type Endpoint = {
  readonly address: string;
  readonly name: string | undefined;
  readonly healthy: boolean;
  readonly reason: string | undefined;
};

async function endpointsOf(service: string): Promise<readonly Endpoint[]> {
  const response = await sidecar?.call("GET", `/v1/services/${service}`);
  const view = (await response?.json()) as { versions: { v1: { endpoints: Endpoint[] } } };
  return view.versions.v1.endpoints.map(({ address, name, healthy, reason }) => ({
    address,
    name,
    healthy,
    reason,
  }));
}

test("a silent name is unhealthy with a reason, delays no start, harms nobody else", async () => {
  const port = await origin("127.0.0.2");
  dns.zones.set("silent.test", { fault: "silent" });
  dns.zones.set("well.test", { addresses: ["127.0.0.2"] });
  const names = { silent: `silent.test:${port}`, well: `well.test:${port}` };
  await start({ ...names, hosted: `hosted.test:${port}` }, "127.0.0.2 hosted.test\n");
  // Clients of that name keep asking: with getaddrinfo, four of them would stop all others.
  const silent = Array.from({ length: 16 }, () => ask("silent"));
  for (let round = 0; round < 20; round += 1) {
    expect(await Promise.all([ask("well"), ask("hosted")])).toEqual(["127.0.0.2", "127.0.0.2"]);
  }
  expect(new Set(await Promise.all(silent))).toEqual(new Set(["status 503"]));
  await eventually(async () =>
    expect(await endpointsOf("silent")).toEqual([
      {
        address: `silent.test:${port}`,
        name: `silent.test:${port}`,
        healthy: false,
        reason: "DNS does not answer (ETIMEOUT)",
      },
    ]),
  );
}, 60_000);

test("a name that moves is followed within its TTL, without a lost request", async () => {
  const port = await origin("127.0.0.2");
  await origin("127.0.0.3", port);
  dns.zones.set("web.test", { addresses: ["127.0.0.2"], ttlSeconds: 1 });
  const { ports } = await start({ web: `web.test:${port}` });
  const bodies = new Map<string, number>();
  const load = new Load({ port: ports[0] ?? 0, host: "web", connections: 4 }, ({ body }) =>
    bodies.set(body, (bodies.get(body) ?? 0) + 1),
  );
  await load.more(100);
  expect([...bodies.keys()]).toEqual(["127.0.0.2"]);
  dns.zones.set("web.test", { addresses: ["127.0.0.3"], ttlSeconds: 1 });
  await eventually(() => expect(bodies.has("127.0.0.3")).toBe(true), FOLLOWED_WITHIN_MS);
  bodies.clear();
  await load.more(8);
  bodies.clear();
  await load.more(100);
  await load.stop();
  expect([...bodies.keys()]).toEqual(["127.0.0.3"]);
  expect([load.lost, load.closed, load.refused]).toEqual([0, 0, 0]);
}, 60_000);

test("all addresses of a name are used, and the operator sees whose they are", async () => {
  const port = await origin("127.0.0.2");
  await origin("127.0.0.3", port);
  dns.zones.set("web.test", { addresses: ["127.0.0.3", "127.0.0.2"] });
  const { api } = await start({ web: `web.test:${port}` });
  const bodies = new Set<string>();
  for (let request = 0; request < 50; request += 1) bodies.add(await ask("web"));
  expect([...bodies].toSorted()).toEqual(["127.0.0.2", "127.0.0.3"]);
  const name = `web.test:${port}`;
  expect(await endpointsOf("web")).toEqual([
    { address: `127.0.0.2:${port}`, name, healthy: true },
    { address: `127.0.0.3:${port}`, name, healthy: true },
  ]);
  const { out } = await runSluice(["services", "web", "--api", api]);
  expect(out).toContain(`127.0.0.2:${port} (${name})`);
}, 60_000);

test("NXDOMAIN is told with its reason: API, log, metrics and event", async () => {
  await start({ web: "gone.test:80" });
  expect(await ask("web")).toBe("status 503");
  const reason = "there is no such name (NXDOMAIN)";
  await eventually(async () => expect(await endpointsOf("web")).toMatchObject([{ reason }]));
  const unresolved = sidecar?.log.filter(({ event }) => event === "name.unresolved");
  expect(unresolved).toMatchObject([{ name: "gone.test", reason }]);
  const metrics = await sidecar?.call("GET", "/metrics");
  expect(await metrics?.text()).toMatch(
    /sluice_endpoint_state\{[^}]*endpoint="gone.test:80"[^}]*state="unhealthy"\} 1/,
  );
}, 60_000);

test("the last answer is kept while DNS is silent, and resolv.conf is read again", async () => {
  const port = await origin("127.0.0.2");
  await origin("127.0.0.3", port);
  dns.zones.set("web.test", { addresses: ["127.0.0.2"], ttlSeconds: 1 });
  const { log } = await start({ web: `web.test:${port}` });
  expect(await ask("web")).toBe("127.0.0.2");
  dns.isSilent = true;
  await eventually(
    () => expect(log.map(({ event }) => event)).toContain("name.stale"),
    FOLLOWED_WITHIN_MS,
  );
  expect(await ask("web")).toBe("127.0.0.2");
  using other = await DnsServer.start("127.0.0.10");
  other.zones.set("web.test", { addresses: ["127.0.0.3"] });
  await other.environment(folder);
  await eventually(async () => expect(await ask("web")).toBe("127.0.0.3"), 2 * FOLLOWED_WITHIN_MS);
}, 60_000);

test("a write is in force with the addresses of its new names", async () => {
  const port = await origin("127.0.0.2");
  dns.zones.set("web.test", { addresses: ["127.0.0.2"] });
  await start({ other: "127.0.0.1:1" }, "127.0.0.2 hosted.test\n");
  for (const name of ["web.test", "hosted.test"]) {
    const document = { hosts: ["new"], versions: { v1: { endpoints: [`${name}:${port}`] } } };
    const put = await sidecar?.call("PUT", "/v1/services/new", document);
    expect(put?.ok).toBe(true);
    expect(await ask("new")).toBe("127.0.0.2");
  }
}, 60_000);

test("an address of a name can be taken out, and so can the name", async () => {
  const port = await origin("127.0.0.2");
  await origin("127.0.0.3", port);
  dns.zones.set("web.test", { addresses: ["127.0.0.2", "127.0.0.3"] });
  await start({ web: `web.test:${port}` });
  const put = async (address: string, state: string): Promise<number | undefined> => {
    const path = `/v1/services/web/versions/v1/endpoints/${address}/state?force=true`;
    return (await sidecar?.call("PUT", path, { state }))?.status;
  };
  expect(await put(`127.0.0.2:${port}`, "maint")).toBe(200);
  for (let request = 0; request < 20; request += 1) expect(await ask("web")).toBe("127.0.0.3");
  expect(await put(`web.test:${port}`, "maint")).toBe(200);
  expect(await ask("web")).toBe("status 503");
  expect(await put(`127.0.0.2:${port}`, "ready")).toBe(200);
}, 60_000);

test("the hosts file is read again when it changes", async () => {
  const port = await origin("127.0.0.2");
  await origin("127.0.0.3", port);
  await start({ web: `web.test:${port}` }, "127.0.0.2 web.test\n");
  expect(await ask("web")).toBe("127.0.0.2");
  await writeFile(`${folder}/hosts`, "127.0.0.3 web.test\n");
  await eventually(async () => expect(await ask("web")).toBe("127.0.0.3"), FOLLOWED_WITHIN_MS);
  expect(dns.questions).toEqual([]);
}, 60_000);
