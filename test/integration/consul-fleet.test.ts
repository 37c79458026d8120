import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../../control/cli/program.ts";
import { readConfig } from "../../control/config/load.ts";
import { SidecarFleet } from "../../control/registry/sidecar-fleet.ts";
import { lead, type Leadership } from "../../control/consul/lock.ts";
import { importService } from "../../control/registry/import-service.ts";
import { followSplitter, publishSplitter } from "../../control/registry/splitter.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { consulDeps, hurried, type TestDeps } from "../support/consul-deps.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";

const binary = (await consulForTests()) ?? "";

async function revisions(fleet: SidecarFleet): Promise<readonly string[]> {
  return (await fleet.members()).map(({ sidecar, revision }) => `${sidecar} ${revision}`);
}

describe.skipIf(binary === "")("what sidecars share through Consul", { timeout: 30_000 }, () => {
  let agent: TestAgent;
  let folder: string;
  let deps: TestDeps;
  let running: { readonly end: AbortController; readonly done: Promise<void> }[];
  let prefix = "";

  beforeAll(async () => {
    agent = await TestAgent.start(binary);
    folder = await mkdtemp(join(tmpdir(), "sluice-shared-"));
  });
  beforeEach(() => {
    deps = consulDeps({ address: agent.address });
    prefix = `sluice-${Math.random()}`;
    running = [];
  });
  afterEach(async () => {
    for (const { end } of running) end.abort();
    await Promise.all(running.map(async ({ done }) => done));
    await deps[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  function run(work: (signal: AbortSignal) => Promise<void>): AbortController {
    const end = new AbortController();
    running.push({ end, done: work(end.signal) });
    return end;
  }

  function enter(sidecar: string): { readonly fleet: SidecarFleet; readonly end: AbortController } {
    const fleet = new SidecarFleet(deps, { prefix, sidecar, host: "here" });
    fleet.announce(`http://${sidecar}:9180`);
    return { fleet, end: run(async (signal) => fleet.run(signal)) };
  }

  test("SidecarFleet.members() lists live sidecars with the revision each acts on", async () => {
    const [a, b] = [enter("a/1"), enter("b")];
    a.fleet.acknowledge(3);
    await eventually(async () => expect(await revisions(b.fleet)).toEqual(["a/1 3", "b 0"]));
    expect((await b.fleet.members())[0]?.api).toBe("http://a/1:9180");
    a.end.abort();
    await eventually(async () => expect(await revisions(b.fleet)).toEqual(["b 0"]));
  });

  test("SidecarFleet.whoLags() answers when all have acknowledged, or who has not", async () => {
    const [a, b] = [enter("a"), enter("b")];
    await eventually(async () => expect(await a.fleet.members()).toHaveLength(2));
    a.fleet.acknowledge(5);
    const late = await a.fleet.whoLags(5, 300);
    expect(late.map(({ sidecar, revision }) => `${sidecar} ${revision}`)).toEqual(["b 0"]);
    const waiting = a.fleet.whoLags(5, 10_000);
    b.fleet.acknowledge(6);
    expect(await waiting).toEqual([]);
  });

  test("a restarted sidecar takes the place of its former life", async () => {
    const first = enter("a");
    await eventually(async () => expect(await revisions(first.fleet)).toEqual(["a 0"]));
    const second = enter("a");
    second.fleet.acknowledge(9);
    await eventually(async () => expect(await revisions(second.fleet)).toEqual(["a 9"]));
    first.end.abort();
  });

  test("lead() has one leader at a time, and the next one when it ends", async () => {
    const terms: { readonly holder: string; readonly term: number; readonly ended: boolean[] }[] =
      [];
    let leading = 0;
    const candidate = (holder: string): AbortController =>
      run(async (signal) => {
        const work = async ({ signal: leads, term }: Leadership): Promise<void> => {
          leading += 1;
          expect(leading).toBe(1);
          terms.push({ holder, term, ended: [] });
          await new Promise((resolve) => {
            leads.addEventListener("abort", resolve, { once: true });
          });
          leading -= 1;
        };
        await lead(deps, { key: `${prefix}/leader`, holder }, work, signal);
      });
    const ends = new Map([
      ["a", candidate("a")],
      ["b", candidate("b")],
    ]);
    await eventually(() => expect(terms).toHaveLength(1));
    ends.get(terms[0]?.holder ?? "")?.abort();
    await eventually(() => expect(terms).toHaveLength(2), 10_000);
    expect(terms[1]?.holder).not.toBe(terms[0]?.holder);
    expect(terms[1]?.term).toBeGreaterThan(terms[0]?.term ?? Infinity);
  });

  test("lead() aborts leadership when its session is ended by somebody else", async () => {
    const ended = Promise.withResolvers<void>();
    const work = async ({ signal: leads }: Leadership): Promise<void> => {
      leads.addEventListener("abort", () => ended.resolve(), { once: true });
      await ended.promise;
    };
    run(async (signal) => {
      await lead(hurried(deps), { key: `${prefix}/leader`, holder: "a" }, work, signal);
    });
    type Lock = readonly { readonly Session?: string }[];
    const session = await eventually(async () => {
      const [lock] = (await agent.get(`kv/${prefix}/leader`)) as Lock;
      expect(lock?.Session).toBeDefined();
      return lock?.Session;
    });
    await agent.put(`session/destroy/${session}`);
    await ended.promise;
  });

  test("publishSplitter() writes what followSplitter() and importService() read", async () => {
    await agent.put("config", { Kind: "service-defaults", Name: "web", Protocol: "http" });
    const Subsets = {
      v1: { Filter: "Service.Meta.version == v1" },
      v2: { Filter: "Service.Meta.version == v2" },
    };
    await agent.put("config", { Kind: "service-resolver", Name: "web", Subsets });
    const heard: unknown[] = [];
    run(async (signal) =>
      followSplitter(
        deps,
        "web",
        { onWeights: (weights) => void heard.push(weights), onFailure: () => undefined },
        signal,
      ),
    );
    await publishSplitter(deps.client, "web", { v1: 2, v2: 1 });
    await eventually(() => expect(heard.at(-1)).toEqual({ v1: 6_667, v2: 3_333 }));
    await publishSplitter(deps.client, "web", { v1: 0, v2: 1 });
    await eventually(() => expect(heard.at(-1)).toEqual({ v1: 0, v2: 10_000 }));
    expect(await importService(deps.client, "web", { warningIsHealthy: true })).toEqual({
      document: {
        versions: {
          v1: { weight: 0, consul: { service: "web", version: "v1" } },
          v2: { weight: 10_000, consul: { service: "web", version: "v2" } },
        },
      },
      notes: [],
    });
    const unknown = publishSplitter(deps.client, "web", { v1: 1, v9: 1 });
    await expect(unknown).rejects.toThrow(/v9/);
  });

  test("sluice consul import prints a service for a configuration, or why it cannot", async () => {
    for (const Name of ["shop", "other"]) {
      await agent.put("config", { Kind: "service-defaults", Name, Protocol: "http" });
    }
    const subset = (version: string): object => ({
      v1: { Filter: `Service.Meta.version == ${version}`, OnlyPassing: true },
    });
    for (const entry of [
      { Kind: "service-resolver", Name: "other", Subsets: subset("o1") },
      {
        Kind: "service-resolver",
        Name: "shop",
        DefaultSubset: "v1",
        Subsets: subset("v1"),
        ConnectTimeout: "1m30s",
      },
      {
        Kind: "service-splitter",
        Name: "shop",
        Splits: [{ Weight: 99.5 }, { Weight: 0.5, Service: "other", ServiceSubset: "v1" }],
      },
      {
        Kind: "service-router",
        Name: "shop",
        Routes: [
          {
            Match: { HTTP: { PathExact: "/a" } },
            Destination: { RequestTimeout: "5s", NumRetries: 2, RetryOnConnectFailure: true },
          },
        ],
      },
    ]) {
      await agent.put("config", entry);
    }
    const sluice = async (env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<string> => {
      const lines: string[] = [];
      const note = (line: string): void => void lines.push(line);
      const options = { output: { out: note, error: note }, env, version: "0" };
      return `${await runCli(["consul", "import", ...args], options)}\n${lines.join("\n")}`;
    };
    const place = agent.address.replace("http://", "");
    const yaml = [
      "0",
      "sluice: note: ConnectTimeout of shop: all versions get that of shop, 90s",
      "shop:",
      "  connectTimeout: 90s",
      "  versions:",
      "    shop:",
      "      weight: 9950",
      "      consul:",
      "        service: shop",
      "        version: v1",
      "    other-v1:",
      "      weight: 50",
      "      consul:",
      "        service: other",
      "        version: o1",
      "  routes:",
      "    - match:",
      "        path:",
      "          exact: /a",
      "      timeout: 5s",
      "      retries:",
      "        attempts: 2",
      "        on:",
      "          - connect",
    ].join("\n");
    expect(await sluice({}, "shop", "--consul", agent.address)).toBe(yaml);
    expect(await sluice({ CONSUL_HTTP_ADDR: place }, "shop")).toBe(yaml);
    const file = join(folder, "sluice.yaml");
    const listeners = [{ bind: "127.0.0.1:0" }];
    await writeFile(file, JSON.stringify({ listeners, consul: { address: agent.address } }));
    expect(await sluice({ CONSUL_HTTP_ADDR: "nowhere" }, "shop", "-c", file)).toBe(yaml);
    const services = parse(yaml.slice(yaml.indexOf("shop:\n"))) as object;
    const config = JSON.stringify({ listeners, consul: {}, services });
    expect(Object.keys(readConfig(config, { file, environment: {} }).services)).toEqual(["shop"]);

    expect(await sluice({}, "nope", "--consul", agent.address)).toBe(
      "1\nsluice: Cannot import nope: " +
        "Consul has no service-router, service-splitter or service-resolver of that name",
    );
    expect(await sluice({}, "shop", "--consul", "http://127.0.0.1:1")).toMatch(
      /^1\nsluice: Cannot read service-resolver shop: Consul cannot be reached/,
    );
    expect(await sluice({}, "shop", "--consul", "ftp://x")).toMatch(
      /^2\nsluice: Cannot use the agent: consul\.address: .*found --consul "ftp:\/\/x"$/,
    );
  });
});
