import { describe, expect, test } from "vitest";
import { runDemo } from "../../../../control/cli/demo/run-demo.ts";
import type { Tally } from "../../../../control/cli/demo/tally.ts";
import { systemClock } from "../../../../proxy/base/clock.ts";
import { consulForTests } from "../../../support/consul-binary.ts";
import { TestAgent } from "../../../support/consul.ts";
import { DEMO_PROGRAMS } from "../../../support/sidecar.ts";

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
    watch: () => undefined,
    progress: () => undefined,
    close: () => undefined,
    finished: (tally: Tally) => void steps.push(tally),
  };
  const { signal } = new AbortController();
  const options = { once: true, stepMs: 400, clock: systemClock, screen, signal };
  const faults = await runDemo({ ...options, programs: DEMO_PROGRAMS, consul: { url, env: {} } });
  return {
    faults,
    steps: steps.map(({ share, sidecar, errors }) => `${share} ${sidecar} ${errors}`),
    said: said.join("\n"),
  };
}

const ALL_STEPS = [0, 0.1, 0.5, 1].flatMap((share) => [`${share} a 0`, `${share} b 0`]);

describe.skipIf(binary === "")("runDemo() over Consul", { timeout: 60_000 }, () => {
  test("shifts through one sidecar, shows at both, and leaves nothing in the agent", async () => {
    await using agent = await TestAgent.start(binary);
    const { faults, steps, said } = await show(agent.address);
    expect(faults).toEqual([]);
    expect(steps).toEqual(ALL_STEPS);
    expect(said).toContain(`Consul       ${agent.address}/ui/`);
    expect(Object.keys((await agent.get("agent/services")) as object)).toEqual([]);
    expect(await agent.get("kv/?keys")).toEqual([]);
  });
});
