import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { consulForTests } from "../test/support/consul-binary.ts";
import { TestAgent } from "../test/support/consul.ts";
import { serviceSchema } from "../control/config/service-schema.ts";
import type { Service } from "../control/config/service.ts";
import { ConsulClient } from "../control/consul/client.ts";
import { SidecarFleet } from "../control/registry/sidecar-fleet.ts";
import { ConsulDiscovery } from "../control/registry/consul-discovery.ts";
import { ConsulStore } from "../control/registry/consul-store.ts";
import type { StoredTable } from "../control/store/store.ts";
import { systemClock } from "../proxy/base/clock.ts";
import { jsonLog } from "../proxy/base/log.ts";
import { systemRandom } from "../proxy/base/random.ts";

/**
 * What a fleet costs and how fast it is, with one real agent in development mode on this machine:
 * `npm run bench:fleet`. All sidecars are followers in this one process, running the product's own
 * code, so the agent, the writer and 200 followers share its cores: a fleet of machines is faster.
 */
const SIDECARS = 200;
const SHIFTS = 50;
const IDLE_MS = 30_000;
const SERVICES = 1_000;
const ENDPOINTS_A_SERVICE = 2;
const CHANGES_A_SECOND = SERVICES / 100;
const CHURN_SECONDS = 20;
/** More services than connections to the agent: each gets its turn within 13 s. */
const SETTLE_MS = 15_000;
const PREFIX = "bench";
/** A host as a public report describes it; an agent takes 200 connections from one by default. */
const CROWD = { sidecars: 3, services: 90 };

const log = jsonLog(
  () => undefined,
  () => 0,
);

type Sidecar = {
  readonly client: ConsulClient;
  readonly store: ConsulStore;
  readonly fleet: SidecarFleet;
  readonly running: Promise<unknown>;
};

function startSidecar(
  agent: TestAgent,
  name: string,
  onTable: (table: StoredTable) => void,
  signal: AbortSignal,
): Sidecar {
  const client = new ConsulClient({ address: agent.address }, systemClock);
  const deps = { client, clock: systemClock, random: systemRandom, log };
  const store = new ConsulStore(deps, { prefix: PREFIX, sidecar: name });
  const fleet = new SidecarFleet(deps, { prefix: PREFIX, sidecar: name, host: "here" });
  const follow = store.follow((table) => {
    fleet.acknowledge(table.revision);
    onTable(table);
  }, signal);
  return { client, store, fleet, running: Promise.all([follow, fleet.run(signal)]) };
}

function tableOf(revision: number): StoredTable {
  const versions = {
    v1: { weight: 100, endpoints: ["127.0.0.1:3000"] },
    v2: { weight: revision, endpoints: ["127.0.0.1:3001"] },
  };
  const services = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`web-${index}`, { versions }]),
  );
  return { revision, services };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}

function report(name: string, values: Readonly<Record<string, number | string>>): void {
  const texts = Object.entries(values).map(
    ([key, value]) => `${key} ${typeof value === "number" ? Math.round(value * 10) / 10 : value}`,
  );
  console.log(`${name}: ${texts.join(" · ")}`);
}

function spread(values: readonly number[]): Record<string, number> {
  return {
    "p50 ms": percentile(values, 0.5),
    "p99 ms": percentile(values, 0.99),
    "max ms": Math.max(...values),
  };
}

/**
 * Time from the writer's call until the last of the fleet has the table, and until all have said
 * so.
 */
async function measureShifts(agent: TestAgent): Promise<void> {
  const ending = new AbortController();
  let last = Promise.withResolvers<void>();
  let heard = 0;
  const onTable = (): void => {
    heard += 1;
    if (heard === SIDECARS) last.resolve();
  };
  const sidecars = Array.from({ length: SIDECARS }, (_, index) =>
    startSidecar(agent, `sidecar-${index}`, onTable, ending.signal),
  );
  const writer = startSidecar(agent, "writer", () => undefined, ending.signal);
  while ((await writer.fleet.members()).length <= SIDECARS) await sleep(100);
  const acting: number[] = [];
  const acknowledged: number[] = [];
  for (let revision = 1; revision <= SHIFTS + 1; revision += 1) {
    heard = 0;
    last = Promise.withResolvers<void>();
    const startMs = performance.now();
    await writer.store.save(tableOf(revision), revision - 1);
    writer.fleet.acknowledge(revision);
    await last.promise;
    acting.push(performance.now() - startMs);
    const lagging = await writer.fleet.whoLags(revision, 10_000);
    if (lagging.length > 0) throw new Error(`${lagging.length} sidecars did not acknowledge`);
    acknowledged.push(performance.now() - startMs);
    await sleep(200);
  }
  // The first table is not a shift.
  report(`shift, last of ${SIDECARS} acts`, spread(acting.slice(1)));
  report(`shift, all ${SIDECARS} acknowledged`, spread(acknowledged.slice(1)));
  await measureIdle(agent);
  ending.abort();
  await Promise.all([...sidecars, writer].map(async ({ running }) => running));
  await Promise.all([...sidecars, writer].map(async ({ client }) => client.close()));
}

async function measureIdle(agent: TestAgent): Promise<void> {
  const before = await requestsOf(agent);
  await sleep(IDLE_MS);
  const perMinute = ((await requestsOf(agent)) - before) * (60_000 / IDLE_MS);
  report("idle", { "requests a minute": perMinute, "a minute and sidecar": perMinute / SIDECARS });
}

/**
 * The agent's own count. It keeps its metrics in intervals of 10 s: this is the sum over the last
 * ones.
 */
async function requestsOf(agent: TestAgent): Promise<number> {
  const response = await fetch(`${agent.address}/v1/agent/metrics?format=prometheus`);
  const text = await response.text();
  const counts = [
    ...text.matchAll(/^consul_api_http_count\S* (\d+)|^consul_http_\S+_count\S* (\d+)/gm),
  ];
  return counts.reduce((sum, [, modern, old]) => sum + Number(modern ?? old), 0);
}

async function registerService(address: string, index: number, round: number): Promise<void> {
  for (let endpoint = 0; endpoint < ENDPOINTS_A_SERVICE; endpoint += 1) {
    const body = JSON.stringify({
      ID: `web-${index}-${endpoint}`,
      Name: `web-${index}`,
      Address: "127.0.0.1",
      Port: 10_000 + index * ENDPOINTS_A_SERVICE + endpoint,
      Weights: { Passing: 1 + (round % 100), Warning: 1 },
    });
    await fetch(`${address}/v1/agent/service/register`, { method: "PUT", body });
  }
}

function serviceOf(consul: { readonly service: string }): Service {
  return serviceSchema.parse({ versions: { v1: { consul } } });
}

function discoveredServices(): Record<string, Service> {
  return Object.fromEntries(
    Array.from({ length: SERVICES }, (_, index) => [
      `web-${index}`,
      serviceOf({ service: `web-${index}` }),
    ]),
  );
}

/** One sidecar that uses 1 000 services, of which 1 % change each second. */
async function measureDiscovery(agent: TestAgent): Promise<void> {
  for (let index = 0; index < SERVICES; index += 1) await registerService(agent.address, index, 0);
  const client = new ConsulClient({ address: agent.address }, systemClock);
  const deps = { client, clock: systemClock, random: systemRandom, log };
  const discovery = new ConsulDiscovery(deps);
  let changes = 0;
  discovery.onChange = () => void (changes += 1);
  const services = discoveredServices();
  const startMs = performance.now();
  discovery.update(services);
  await discovery.whenKnown();
  report("discovery", { services: SERVICES, "all known after ms": performance.now() - startMs });
  changes = 0;
  const load = spawn(process.execPath, [import.meta.filename, "churn", agent.address], {
    stdio: "inherit",
  });
  const cpu = process.cpuUsage();
  await once(load, "exit");
  const spent = process.cpuUsage(cpu);
  await sleep(SETTLE_MS);
  report("discovery, 1 % of services change a second", {
    "processor %": (spent.user + spent.system) / 10_000 / CHURN_SECONDS,
    "changes made": CHANGES_A_SECOND * CHURN_SECONDS * ENDPOINTS_A_SERVICE,
    "changes seen": changes,
    "heap MiB": process.memoryUsage().heapUsed / 2 ** 20,
    "resident MiB": process.memoryUsage().rss / 2 ** 20,
  });
  await discovery.close();
  await client.close();
}

/**
 * Three sidecars of one host with more services than an agent takes connections from there: how
 * late each hears of changes of all services at once.
 */
async function measureCrowd(agent: TestAgent): Promise<void> {
  const names = Array.from({ length: CROWD.services }, (_, index) => `crowd-${index}`);
  const register = async (Name: string, Port: number): Promise<unknown> =>
    agent.put("agent/service/register", { ID: `${Name}-${Port}`, Name, Port });
  for (const name of names) await register(name, 1);
  const services = Object.fromEntries(
    names.map((service) => [service, serviceOf({ service })] as const),
  );
  const sidecars = Array.from({ length: CROWD.sidecars }, () => {
    const client = new ConsulClient({ address: agent.address }, systemClock);
    const discovery = new ConsulDiscovery({
      client,
      clock: systemClock,
      random: systemRandom,
      log,
    });
    discovery.update(services);
    return { client, discovery };
  });
  const startMs = performance.now();
  await Promise.all(sidecars.map(async ({ discovery }) => discovery.whenKnown()));
  const knownMs = performance.now() - startMs;
  const changedMs = new Map<string, number>();
  const lateMs: number[] = [];
  for (const { discovery } of sidecars) {
    discovery.onChange = (name) => {
      lateMs.push(performance.now() - (changedMs.get(name) ?? Infinity));
    };
  }
  for (const name of names) {
    changedMs.set(name, performance.now());
    await register(name, 2);
  }
  while (lateMs.length < names.length * sidecars.length) await sleep(100);
  report(`${CROWD.sidecars} sidecars with ${CROWD.services} services, 200 connections`, {
    "all known after ms": knownMs,
    ...spread(lateMs),
  });
  await Promise.all(sidecars.map(async ({ discovery }) => discovery.close()));
  await Promise.all(sidecars.map(async ({ client }) => client.close()));
}

/** The load, in a process of its own so that its processor time does not count as ours. */
async function churn(address: string): Promise<void> {
  for (let second = 1; second <= CHURN_SECONDS; second += 1) {
    const startMs = performance.now();
    for (let each = 0; each < CHANGES_A_SECOND; each += 1) {
      await registerService(address, (second * CHANGES_A_SECOND + each) % SERVICES, second);
    }
    await sleep(Math.max(0, 1_000 - (performance.now() - startMs)));
  }
}

async function main(): Promise<void> {
  const binary = await consulForTests();
  if (binary === undefined) throw new Error("Cannot run: no Consul agent");
  const settings = { telemetry: { prometheus_retention_time: "1h" } };
  for (const measure of [measureShifts, measureDiscovery]) {
    await using agent = await TestAgent.start(binary, { settings });
    await measure(agent);
  }
  const limits = { http_max_conns_per_client: 200 };
  await using agent = await TestAgent.start(binary, { settings: { limits } });
  await measureCrowd(agent);
}

const [, , mode, address] = process.argv;
await (mode === "churn" && address !== undefined ? churn(address) : main());
