import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Children } from "../../../../control/cli/demo/children.ts";
import { findConsul, startConsul } from "../../../../control/cli/demo/consul-agent.ts";
import { runDemo } from "../../../../control/cli/demo/run-demo.ts";
import type { Tally } from "../../../../control/cli/demo/tally.ts";
import { runCli } from "../../../../control/cli/program.ts";
import { systemClock } from "../../../../proxy/base/clock.ts";
import { consulForTests } from "../../../support/consul-binary.ts";
import { TestAgent } from "../../../support/consul.ts";

const binary = (await consulForTests()) ?? "";

type Shown = {
  readonly faults: readonly string[];
  readonly steps: string[];
  readonly said: string;
};

/** Runs a short demo to its end. */
async function show(url: string): Promise<Shown> {
  const steps: Tally[] = [];
  const said: string[] = [];
  const screen = {
    say: (line: string) => void said.push(line),
    progress: () => undefined,
    finished: (tally: Tally) => void steps.push(tally),
  };
  const { signal } = new AbortController();
  const options = { once: true, stepMs: 400, clock: systemClock, screen, signal };
  const faults = await runDemo({ ...options, consul: { url, env: {} } });
  return {
    faults,
    steps: steps.map(({ share, sidecar, errors }) => `${share} ${sidecar} ${errors}`),
    said: said.join("\n"),
  };
}

const ALL_STEPS = [0, 0.1, 0.5, 1].flatMap((share) => [`${share} a 0`, `${share} b 0`]);

describe.skipIf(binary === "")("runDemo() over Consul", { timeout: 60_000 }, () => {
  test("shifts through one sidecar, is seen at both, and leaves nothing in an agent that goes on", async () => {
    await using agent = await TestAgent.start(binary);
    const { faults, steps, said } = await show(agent.address);
    expect(faults).toEqual([]);
    expect(steps).toEqual(ALL_STEPS);
    expect(said).toContain(`Consul       ${agent.address}/ui/`);
    expect(Object.keys((await agent.get("agent/services")) as object)).toEqual([]);
    expect(await agent.get("kv/?keys")).toEqual([]);
  });

  test("has an agent of its own from CONSUL_BIN, which ends with it", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sluice-agent-"));
    const children = new Children(systemClock);
    try {
      const place = { children, directory };
      const url = await startConsul(place, { CONSUL_BIN: binary });
      expect(await (await fetch(`${url}/v1/status/leader`)).json()).toMatch(/^127\.0\.0\.1:/);
      await children.stop();
      await expect(fetch(url)).rejects.toThrow("fetch failed");
    } finally {
      await children.stop();
      await rm(directory, { recursive: true });
    }
  });
});

describe("findConsul()", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-find-"));
    await writeFile(join(folder, "consul"), "#!/bin/sh\n");
    await chmod(join(folder, "consul"), 0o755);
  });
  afterAll(async () => rm(folder, { recursive: true }));

  test("takes CONSUL_BIN, else the first on PATH", async () => {
    const file = join(folder, "consul");
    expect(await findConsul({ CONSUL_BIN: file, PATH: "" })).toBe(file);
    expect(await findConsul({ CONSUL_BIN: "", PATH: `${dirname(folder)}:${folder}` })).toBe(file);
  });

  test.each([
    [{ PATH: "" }, "found neither"],
    [{ PATH: "", CONSUL_BIN: "nowhere" }, "found no program at CONSUL_BIN (nowhere)"],
  ])("says clearly that there is none: %j", async (env, found) => {
    const errors: string[] = [];
    const output = { out: () => undefined, error: (line: string) => void errors.push(line) };
    const status = await runCli(["demo", "--once", "--consul"], { output, env, version: "0" });
    expect([status, errors]).toEqual([1, [expect.stringContaining("sluice: Cannot find Consul")]]);
    expect(errors[0]).toContain(`--consul http://127.0.0.1:8500), ${found}`);
  });

  test("sluice demo --consul refuses what is no URL", async () => {
    const errors: string[] = [];
    const output = { out: () => undefined, error: (line: string) => void errors.push(line) };
    const args = ["demo", "--once", "--consul", "localhost:8500"];
    expect(await runCli(args, { output, env: {}, version: "0" })).toBe(2);
    expect(errors[0]).toMatch(/wanted an http:\/\/ or https:\/\/ URL, found "localhost:8500"/);
  });
});
