import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ServiceView } from "../../control/views/service-view.ts";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startHaproxy } from "./support/configured-servers.ts";
import { hasPostgres, startPostgres, startRedis } from "./support/databases.ts";
import { runProgram } from "./support/foreign-process.ts";
import type { Ended, ForeignServer } from "./support/foreign-process.ts";
import { isMissing, program } from "./support/programs.ts";

/*
 * Goal: databases and their own load generators notice nothing of a shift, a swap and a migration.
 * Method: two servers of each kind behind a real sidecar, with redis-benchmark and pgbench before.
 */

/** Between two shifts. */
const UNREST_PAUSE_MS = 200;

/** All that redis-benchmark may say on stderr: that it will use many ports. */
const ONLY_KEEPALIVE = /^(?:WARNING: Keepalive disabled.*\n)?$/;

/** Ends what a version holds, in silent moments alone as long as these tests last. */
const MIGRATING = { onShift: "migrate", drain: { connectionsPerSecond: 100, hard: "10m" } };

async function sidecarBefore(
  [v1, v2]: readonly [ForeignServer, ForeignServer],
  more: object,
): Promise<TestSidecar> {
  const versions = {
    v1: { weight: 100, endpoints: [v1.address] },
    v2: { weight: 0, endpoints: [v2.address] },
  };
  const sidecar = await startSidecar({
    workers: 2,
    listeners: [{ bind: "127.0.0.1:0", tcp: "data" }],
    services: { data: { kind: "tcp", versions, ...MIGRATING, ...more } },
  });
  onTestFinished(() => sidecar.stop());
  return sidecar;
}

async function viewOf(sidecar: TestSidecar): Promise<ServiceView> {
  const response = await sidecar.call("GET", "/v1/services/data");
  return (await response.json()) as ServiceView;
}

/** Shifts forth and back and swaps the workers as long as the load runs. How often it shifted. */
async function unrest(sidecar: TestSidecar, load: Promise<unknown>): Promise<number> {
  const over = load.then(() => true);
  for (let shifts = 1; ; shifts += 1) {
    const weights = shifts % 2 === 1 ? { v1: 0, v2: 100 } : { v1: 100, v2: 0 };
    const shifted = await sidecar.call("PATCH", "/v1/services/data/weights", weights);
    expect(shifted.status).toBe(200);
    if (shifts % 2 === 0) {
      const swapped = await sidecar.call("POST", "/v1/workers/swap", { trial: "100ms" });
      expect(swapped.status).toBe(200);
    }
    if (await Promise.race([over, sleep(UNREST_PAUSE_MS, false)])) return shifts;
  }
}

async function port(sidecar: TestSidecar): Promise<string> {
  return `${sidecar.ports[0]}`;
}

describe("Redis", () => {
  const check = { kind: "tcp", send: "PING\r\n", expect: "+PONG", interval: "200ms" };

  test.for([
    ["connections that stay", ["-n", "100000"]],
    ["a connection for each request", ["-n", "10000", "-k", "0"]],
  ] as const)("serves redis-benchmark with %s", async ([_what, how], context) => {
    context.skip(isMissing("redis-server", "redis-benchmark"), "no Redis");
    await using v1 = await startRedis();
    await using v2 = await startRedis();
    const sidecar = await sidecarBefore([v1, v2], { healthCheck: check });
    const args = ["-p", await port(sidecar), "-c", "20", "-t", "set,get", "--csv", ...how];
    const load = runProgram(program("redis-benchmark"), args);
    expect(await unrest(sidecar, load)).toBeGreaterThan(1);
    const { status, out, error } = await load;
    expect([status, error]).toEqual([0, expect.stringMatching(ONLY_KEEPALIVE)]);
    expect(out).toMatch(/"SET","[\d.]+".*\n"GET","[\d.]+"/);
    const { versions } = await viewOf(sidecar);
    expect(Object.values(versions).every(({ endpoints: [each] }) => each?.healthy)).toBe(true);
  });

  test("that stops answering loses its place, and gets it back", async (context) => {
    context.skip(isMissing("redis-server", "redis-cli"), "no Redis");
    await using v1 = await startRedis(["--enable-debug-command", "local"]);
    await using v2 = await startRedis();
    const sidecar = await sidecarBefore([v1, v2], { healthCheck: { ...check, timeout: "500ms" } });
    const cli = (to: string, ...words: string[]): Promise<Ended> =>
      runProgram(program("redis-cli"), ["-p", to, ...words]);
    const health = async (): Promise<unknown> => {
      const [endpoint] = (await viewOf(sidecar)).versions["v1"]?.endpoints ?? [];
      return [endpoint?.healthy, endpoint?.reason];
    };
    void cli(`${v1.port}`, "DEBUG", "SLEEP", "5");
    const late = [false, "no answer within 500 ms"];
    await eventually(async () => expect(await health()).toEqual(late), 15_000);
    await eventually(async () => expect(await health()).toEqual([true, undefined]), 15_000);
    expect((await cli(await port(sidecar), "PING")).out).toBe("PONG\n");
  });

  test("is reached by TLS that ends at the sidecar, by name", async (context) => {
    context.skip(isMissing("redis-server", "redis-cli"), "no Redis");
    await using redis = await startRedis();
    const authority = makeAuthority();
    const cache = makeCertificate({ issuer: authority, names: ["DNS:cache.example"] });
    const folder = await temporaryFolder();
    const [ca, cert, key] = ["ca.pem", "cache.pem", "cache.key"].map((name) => join(folder, name));
    await writeFile(ca ?? "", authority.certPem);
    await writeFile(cert ?? "", cache.chainPem);
    await writeFile(key ?? "", cache.keyPem, { mode: 0o600 });
    const tls = { certificates: [{ cert, key }] };
    const listener = { bind: "127.0.0.1:0", tcp: { sni: { "cache.example": "data" } }, tls };
    const versions = { v1: { endpoints: [redis.address] } };
    const services = { data: { kind: "tcp", versions } };
    const sidecar = await startSidecar({ listeners: [listener], services });
    onTestFinished(() => sidecar.stop());
    const ask = (name: string): Promise<Ended> => {
      const secure = ["--tls", "--cacert", ca ?? "", "--sni", name];
      return runProgram(program("redis-cli"), ["-p", `${sidecar.ports[0]}`, ...secure, "PING"]);
    };
    expect((await ask("cache.example")).out).toBe("PONG\n");
    expect((await ask("other.example")).out).not.toContain("PONG");
  });
});

describe("PostgreSQL", () => {
  test("serves pgbench, with connections that stay and new ones", async (context) => {
    context.skip(!hasPostgres(), "no PostgreSQL");
    await using v1 = await startPostgres();
    await using v2 = await startPostgres();
    const check = { kind: "tcp", send: { hex: "0000000804d2162f" }, expect: "N" };
    const sidecar = await sidecarBefore([v1, v2], { healthCheck: check });
    const to = ["-h", "127.0.0.1", "-p", await port(sidecar), "-U", "shop"];
    const run = (...how: string[]): Promise<Ended> =>
      runProgram(program("pgbench"), [...to, "-n", "-c", "4", "-T", "6", ...how, "postgres"]);
    const loads = [run("-S"), run("-S", "-C"), run("-b", "simple-update")];
    expect(await unrest(sidecar, Promise.all(loads))).toBeGreaterThan(4);
    for (const { status, out, error } of await Promise.all(loads)) {
      expect([status, error]).toEqual([0, expect.not.stringMatching(/error|closed/i)]);
      expect(out).toContain("number of failed transactions: 0 (0.000%)");
    }
  });
});

/** What HAProxy says of a connection: from where it is, and where it was to go. */
const SEEN = '"%[src]:%[src_port] %[dst_port]"';

test.for(["v1", "v2"] as const)(
  "HAProxy as an endpoint is told who the client is, in %s",
  async (proxyProtocol, context) => {
    context.skip(isMissing("haproxy", "curl"), "no haproxy or curl");
    await using haproxy = await startHaproxy(
      ({ port: at }) => `
frontend in
  bind 127.0.0.1:${at} accept-proxy
  http-request return status 200 content-type text/plain lf-string ${SEEN}`,
    );
    const versions = { v1: { endpoints: [haproxy.address] } };
    const sidecar = await startSidecar({
      listeners: [{ bind: "127.0.0.1:0", tcp: "data" }],
      services: { data: { kind: "tcp", versions, upstream: { proxyProtocol } } },
    });
    onTestFinished(() => sidecar.stop());
    const at = await port(sidecar);
    const own = ["--silent", "--interface", "127.0.0.7", "--write-out", "\n%{local_port}"];
    const { out } = await runProgram(program("curl"), [...own, `http://127.0.0.1:${at}/`]);
    const [said, localPort] = out.split("\n");
    expect(said).toBe(`127.0.0.7:${localPort} ${at}`);
  },
);
