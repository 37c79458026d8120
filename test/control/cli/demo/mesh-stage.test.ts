import { describe, expect, test } from "vitest";
import { runDemo } from "../../../../control/cli/demo/run-demo.ts";
import type { Tally } from "../../../../control/cli/demo/tally.ts";
import { systemClock } from "../../../../proxy/base/clock.ts";
import { consulForTests } from "../../../support/consul-binary.ts";
import { TestAgent } from "../../../support/consul.ts";
import { DEMO_PROGRAMS } from "../../../support/sidecar.ts";

const binary = (await consulForTests()) ?? "";

describe.skipIf(binary === "")("runDemo() in the mesh", { timeout: 60_000 }, () => {
  test("shifts behind mutual TLS without an error, and leaves nothing in the agent", async () => {
    await using agent = await TestAgent.start(binary);
    const steps: Tally[] = [];
    const said: string[] = [];
    const screen = {
      say: (line: string) => void said.push(line),
      watch: () => undefined,
      progress: () => undefined,
      close: () => undefined,
      finished: (tally: Tally) => void steps.push(tally),
    };
    const faults = await runDemo({
      programs: DEMO_PROGRAMS,
      once: true,
      stepMs: 400,
      clock: systemClock,
      screen,
      signal: new AbortController().signal,
      consul: { url: agent.address, env: {} },
      mesh: true,
    });
    expect(faults).toEqual([]);
    expect(steps.map(({ share, errors }) => [share, errors])).toEqual([
      [0, 0],
      [0.1, 0],
      [0.5, 0],
      [1, 0],
    ]);
    expect(said.join("\n")).toMatch(/shop {9}https:.*only for members of the mesh/);
    expect(Object.keys((await agent.get("agent/services")) as object)).toEqual([]);
  });
});
