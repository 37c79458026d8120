import { cp, readFile, writeFile } from "node:fs/promises";
import { globSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { freePorts } from "../../control/cli/demo/children.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";
import type { Answer } from "../support/version-origin.ts";
import { EXAMPLES, exampleWith, run } from "./support/example-files.ts";
import { ForeignServer, runProgram } from "./support/foreign-process.ts";
import { runGrpcJsCases, startGrpcOrigin } from "./support/grpc-programs.ts";
import { isMissing, program } from "./support/programs.ts";

/*
 * Goal: files of examples/ work with the programs that they are for. Method: each is checked by its
 * program; those of proxies in front, of Consul and what Compose starts carry real requests. Only
 * addresses differ from what stands in them. Prometheus: monitoring-examples.foreign.ts;
 * what Nomad knows: nomad-jobs.foreign.ts.
 */

const CONSUL = await consulForTests();
/** HAProxy and Caddy look once a second, Consul every 2 s or 5 s. */
const HEALTHY_MS = 30_000;
/** Of the agent in which policies and tokens are made. */
const ROOT_TOKEN = "7f1b9a52-2a7e-4a0e-9f4f-4d1f3a3f1c11";

/** Two versions that go away with the test. */
async function startVersions(answer?: Answer): Promise<readonly VersionOrigin[]> {
  const versions = [await VersionOrigin.start("v1"), await VersionOrigin.start("v2")];
  if (answer !== undefined) for (const each of versions) each.answer = answer;
  onTestFinished(() => versions.forEach((each) => each[Symbol.dispose]()));
  return versions;
}

/** A sidecar with an example's configuration. */
async function startExample(text: string, env: NodeJS.ProcessEnv = {}): Promise<TestSidecar> {
  const sidecar = await startSidecar(parse(text) as object, env);
  onTestFinished(() => sidecar.stop());
  return sidecar;
}

/** The configuration that stands in a job of Nomad, with other words in the place of some. */
async function configInJob(path: string, swaps: Readonly<Record<string, string>>): Promise<string> {
  const [, text] = /<<YAML\n([^]*?)^YAML$/m.exec(await exampleWith(path, swaps)) ?? [];
  if (text === undefined) throw new Error(`${path} has no configuration`);
  return text;
}

function asked(url: string): Promise<string> {
  return fetch(url).then((answer) => answer.text());
}

describe("A proxy in front", () => {
  /** Ports of a sidecar that tells who asked: of its listener, and for scrapers and probes. */
  async function startBehind(): Promise<{ readonly port: number; readonly metrics: number }> {
    const [v1, v2] = await startVersions((response, { headers }) =>
      response.end([headers["x-forwarded-for"], headers["x-forwarded-proto"]].join(" ")),
    );
    const [metrics] = await freePorts();
    const text = await exampleWith("in-front/sluice.yaml", {
      "127.0.0.1:8080": "127.0.0.1:0",
      "127.0.0.1:9180": "127.0.0.1:0",
      "127.0.0.1:9181": `127.0.0.1:${metrics}`,
      "127.0.0.1:3001": v1?.address ?? "",
      "127.0.0.1:3002": v2?.address ?? "",
    });
    const { ports } = await startExample(text);
    return { port: ports[0] ?? 0, metrics };
  }

  test("HAProxy takes its example, and brings requests through", async ({ skip }) => {
    skip(isMissing("haproxy"), "no haproxy");
    const { port, metrics } = await startBehind();
    const [front] = await freePorts();
    const file = join(await temporaryFolder(), "haproxy.cfg");
    const text = await exampleWith("in-front/haproxy.cfg", {
      "bind :80": `bind 127.0.0.1:${front}`,
      "sidecar-1 127.0.0.1:8080": `sidecar-1 127.0.0.1:${port}`,
      "port 9181": `port ${metrics}`,
    });
    await writeFile(file, text);
    await run(program("haproxy"), ["-c", "-f", file]);
    const server = await ForeignServer.start(front, program("haproxy"), ["-db", "-f", file]);
    onTestFinished(() => server[Symbol.asyncDispose]());
    await eventually(async () => {
      expect(await asked(`http://127.0.0.1:${front}/`)).toBe("127.0.0.1, 127.0.0.1 http");
    }, HEALTHY_MS);
  });

  test("Caddy takes its example, and brings requests through", async ({ skip }) => {
    skip(isMissing("caddy"), "no caddy");
    const { port, metrics } = await startBehind();
    const [front, admin] = await freePorts();
    const folder = await temporaryFolder();
    const config = join(folder, "Caddyfile");
    const own = `{\n\tadmin 127.0.0.1:${admin}\n}\n`;
    await writeFile(config, own + (await exampleWith("in-front/Caddyfile", {})));
    const env = {
      SITE: `http://127.0.0.1:${front}`,
      SIDECARS: `127.0.0.1:${port}`,
      HEALTH_PORT: `${metrics}`,
      HOME: folder,
    };
    const args = ["--config", config, "--adapter", "caddyfile"];
    const checked = await runProgram(program("caddy"), ["validate", ...args], { env });
    expect(checked).toMatchObject({ status: 0 });
    const server = await ForeignServer.start(front, program("caddy"), ["run", ...args], { env });
    onTestFinished(() => server[Symbol.asyncDispose]());
    await eventually(async () => {
      expect(await asked(`http://127.0.0.1:${front}/`)).toBe("127.0.0.1, 127.0.0.1 http");
    }, HEALTHY_MS);
  });
});

test("gRPC's example finds its servers healthy, and splits calls", async ({ skip }) => {
  skip(isMissing("grpc-js"), "no grpc-js");
  await using v1 = await startGrpcOrigin(undefined, "v1");
  await using v2 = await startGrpcOrigin(undefined, "v2");
  const text = await exampleWith("grpc/sluice.yaml", {
    "127.0.0.1:8080": "127.0.0.1:0",
    "127.0.0.1:9180": "127.0.0.1:0",
    "127.0.0.1:50051": v1.address,
    "127.0.0.1:50052": v2.address,
  });
  const { ports, call } = await startExample(text);
  await eventually(async () => {
    const shown = await (await call("GET", "/v1/services/cart")).text();
    expect(shown.match(/"healthy":true/g)).toHaveLength(2);
  }, HEALTHY_MS);
  const said = await runGrpcJsCases(`127.0.0.1:${ports[0]}`, "empty_unary", "split_90_to_10");
  expect(said).toEqual(["empty_unary ok", "split_90_to_10 ok"]);
});

describe.skipIf(CONSUL === undefined)("Consul", () => {
  const binary = CONSUL ?? "";

  /** An agent that goes away with the test. */
  async function startAgent(settings: object = {}): Promise<TestAgent> {
    const agent = await TestAgent.start(binary, { settings: { ...settings } });
    onTestFinished(() => agent[Symbol.asyncDispose]());
    return agent;
  }

  /** Has an agent read services of an example. */
  async function register(agent: TestAgent, text: string): Promise<void> {
    const folder = await temporaryFolder();
    const file = join(folder, "web.hcl");
    await writeFile(file, text);
    await writeFile(join(folder, "agent.json"), JSON.stringify({ data_dir: folder }));
    await run(binary, ["validate", folder]);
    const at = [`-http-addr=${agent.address}`, `-token=${ROOT_TOKEN}`];
    await run(binary, ["services", "register", ...at, file]);
  }

  test("that denies by default lets a sidecar do its work with the policy", async () => {
    const tokens = { master: ROOT_TOKEN };
    const agent = await startAgent({ acl: { enabled: true, default_policy: "deny", tokens } });
    const [v1, v2] = await startVersions();
    const swaps = {
      "port    = 3001": `port    = ${v1?.address.split(":")[1]}`,
      "port    = 3002": `port    = ${v2?.address.split(":")[1]}`,
      "127.0.0.1:3001": v1?.address ?? "",
      "127.0.0.1:3002": v2?.address ?? "",
    };
    const services = await exampleWith("consul/web.hcl", swaps);
    await eventually(() => register(agent, services), HEALTHY_MS);
    const at = [`-http-addr=${agent.address}`, `-token=${ROOT_TOKEN}`];
    const rules = ["-name=sluice", "-rules=@consul/policy.hcl"];
    await run(binary, ["acl", "policy", "create", ...at, ...rules]);
    const made = await run(binary, ["acl", "token", "create", ...at, "-policy-name=sluice"]);
    const [, token] = /SecretID:\s+(\S+)/.exec(made) ?? [];
    const [metrics] = await freePorts();
    const text = await exampleWith("consul/sluice.yaml", {
      "0.0.0.0:8080": "127.0.0.1:0",
      "127.0.0.1:9180": "127.0.0.1:0",
      "0.0.0.0:9181": `127.0.0.1:${metrics}`,
      "127.0.0.1:9181": `127.0.0.1:${metrics}`,
      "http://127.0.0.1:8500": agent.address,
    });
    const sidecar = await startExample(text, { CONSUL_HTTP_TOKEN: token });
    const url = `http://127.0.0.1:${sidecar.ports[0]}/`;
    await eventually(async () => expect(await asked(url)).toBe("v1"), HEALTHY_MS);
    await eventually(async () => {
      const shift = await sidecar.call("PATCH", "/v1/services/web/weights", { v1: 0, v2: 1 });
      expect(shift.status).toBe(200);
      expect(await asked(url)).toBe("v2");
      const ready = await fetch(`http://127.0.0.1:${metrics}/readyz`);
      expect(await ready.json()).toMatchObject({ ready: true });
      const catalog = await run(binary, ["catalog", "services", ...at]);
      expect(catalog).toContain("web-proxy");
    }, HEALTHY_MS);
    expect((await sidecar.call("GET", "/readyz").then((each) => each.json())).stale).toEqual([]);
  });

  test("lets the sidecars of a job of Nomad share a table", async () => {
    const agent = await startAgent();
    const [v1, v2] = await startVersions();
    const services = await exampleWith("consul/web.hcl", {
      "port    = 3001": `port    = ${v1?.address.split(":")[1]}`,
      "port    = 3002": `port    = ${v2?.address.split(":")[1]}`,
      "127.0.0.1:3001": v1?.address ?? "",
      "127.0.0.1:3002": v2?.address ?? "",
    });
    await register(agent, services);
    const sidecars = await Promise.all(
      [1, 2].map(async () => {
        const text = await configInJob("nomad/edge.nomad.hcl", {
          "0.0.0.0:8080": "127.0.0.1:0",
          "127.0.0.1:9180": "127.0.0.1:0",
          "0.0.0.0:9181": "127.0.0.1:0",
          "http://127.0.0.1:8500": agent.address,
        });
        return startExample(text);
      }),
    );
    const answers = (): Promise<readonly string[]> =>
      Promise.all(
        sidecars.map(async ({ ports: [port = 0] }) => {
          const client = await KeptConnection.open(port);
          return (await client.get("web.example").finally(() => client.close())).body;
        }),
      );
    await eventually(async () => expect(await answers()).toEqual(["v1", "v1"]), HEALTHY_MS);
    const weights = { v1: 0, v2: 1 };
    await eventually(async () => {
      const shift = await sidecars[0]?.call("PATCH", "/v1/services/web/weights", weights);
      expect(shift?.status).toBe(200);
    }, HEALTHY_MS);
    await eventually(async () => expect(await answers()).toEqual(["v2", "v2"]), HEALTHY_MS);
  });

  test("and an application, as Compose has them, bring requests through", async () => {
    const agent = await startAgent();
    const ports = await freePorts();
    for (const [index, port] of ports.entries()) {
      const env = { VERSION: `v${index + 1}`, PORT: String(port), HOST: "127.0.0.1" };
      const script = join(EXAMPLES, "compose/shop.mjs");
      const app = await ForeignServer.start(port, process.execPath, [script], { env });
      onTestFinished(() => app[Symbol.asyncDispose]());
    }
    const [v1, v2] = ports;
    const hcl = await exampleWith("compose/consul/web.hcl", {
      'address = "v1"\n  port    = 3000': `address = "127.0.0.1"\n  port    = ${v1}`,
      'address = "v2"\n  port    = 3000': `address = "127.0.0.1"\n  port    = ${v2}`,
      "v1:3000": `127.0.0.1:${v1}`,
      "v2:3000": `127.0.0.1:${v2}`,
    });
    await register(agent, hcl);
    const text = await exampleWith("compose/sluice.yaml", {
      "0.0.0.0:8080": "127.0.0.1:0",
      "127.0.0.1:9180": "127.0.0.1:0",
      "0.0.0.0:9181": "127.0.0.1:0",
      "http://consul:8500": agent.address,
    });
    const sidecar = await startExample(text);
    const url = `http://127.0.0.1:${sidecar.ports[0]}/`;
    await eventually(async () => expect(await asked(url)).toBe("v1\n"), HEALTHY_MS);
  });
});

describe("Other examples", () => {
  test("of HCL can be read, and are formatted", async ({ skip }) => {
    skip(isMissing("hclfmt"), "no hclfmt");
    const folder = await temporaryFolder();
    await cp(EXAMPLES, folder, { recursive: true });
    for (const path of globSync("**/*.hcl", { cwd: folder })) {
      await run(program("hclfmt"), ["-w", path], folder);
      expect(await readFile(join(folder, path), "utf8")).toBe(await exampleWith(path, {}));
    }
  });

  test("of a sidecar in Nomad serves, and takes the signals of its job", async () => {
    const [v1] = await startVersions();
    const [metrics] = await freePorts();
    const path = "nomad/sidecar.nomad.hcl";
    const text = await configInJob(path, {
      "0.0.0.0:8080": "127.0.0.1:0",
      "127.0.0.1:9180": "127.0.0.1:0",
      "0.0.0.0:9181": `127.0.0.1:${metrics}`,
      "127.0.0.1:3001": v1?.address ?? "",
    });
    const job = await readFile(join(EXAMPLES, path), "utf8");
    const signal = (key: string): NodeJS.Signals =>
      new RegExp(`${key}\\s*= "(SIG\\w+)"`).exec(job)?.[1] as NodeJS.Signals;
    const [, checked] = /path {5}= "(\S+)"/.exec(job) ?? [];
    const sidecar = await startExample(text);
    const url = `http://127.0.0.1:${sidecar.ports[0]}/`;
    await eventually(async () => expect(await asked(url)).toBe("v1"), HEALTHY_MS);
    expect((await fetch(`http://127.0.0.1:${metrics}${checked}`)).status).toBe(200);
    sidecar.child.kill(signal("change_signal"));
    const events = (): readonly string[] => sidecar.log.map(({ event }) => event);
    await eventually(() => expect(events()).toContain("reload.done"));
    sidecar.child.kill(signal("kill_signal"));
    expect(await sidecar.ended).toBe(0);
  });

  test("of Compose is one that it understands", async ({ skip }) => {
    skip(isMissing("docker-compose"), "no docker-compose");
    await run(program("docker-compose"), ["-f", "compose/compose.yml", "config", "-q"]);
  });

  test("in shell please shellcheck", async ({ skip }) => {
    skip(isMissing("shellcheck"), "no shellcheck");
    await run(program("shellcheck"), ["canary/canary.sh"]);
  });
});
