import { describe, expect, test } from "vitest";
import { consulForTests } from "../support/consul-binary.ts";
import { openCrowd, worstMs } from "../support/consul-crowd.ts";
import { eventually } from "../support/eventually.ts";

/*
 * Goal: sidecars that together want more connections than an agent has for their host all hear of
 * every change, and the one that is short says so. Method: as in
 * test/integration/consul-crowd.test.ts, but with too many: they take some time to find their
 * shares.
 */

const binary = (await consulForTests()) ?? "";

/** Connections that an agent takes from one address by default. */
const CONNECTIONS = 200;

describe.skipIf(binary === "")("Sidecars beyond an agent's limit", () => {
  test.each([5, 8])("%i with 90 services each all get their turns", async (count) => {
    const { registerAll, addSidecar } = await openCrowd(binary, 90, CONNECTIONS);
    await registerAll(1);
    const startMs = performance.now();
    const sidecars = Array.from({ length: count }, () => addSidecar());
    const lacking = (endpoints: number): readonly string[] =>
      sidecars.flatMap((each) => each.lacking(endpoints));
    await eventually(() => expect(lacking(1)).toEqual([]), 60_000);
    const knownMs = performance.now() - startMs;
    const problems = sidecars.map(({ own }) => own.problems.join());
    expect(problems.join()).toMatch(/refuses more than \d+ at once from here \(limits/);
    const changedMs = await registerAll(2);
    await eventually(() => expect(lacking(2)).toEqual([]), 60_000);
    const worst = sidecars.map((sidecar) => Math.round(worstMs(sidecar, changedMs)));
    const all = `all known after ${Math.round(knownMs)} ms`;
    process.stdout.write(
      `${count} sidecars: ${all}, changes at most ${worst.join(", ")} ms late\n`,
    );
    expect(Math.max(...worst)).toBeLessThan(30_000);
  });
});
