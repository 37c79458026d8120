import { describe, expect, test } from "vitest";
import { TURNS_MAX } from "../../control/consul/agent-turns.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { openCrowd, worstMs } from "../support/consul-crowd.ts";
import { eventually } from "../support/eventually.ts";

/*
 * Goal: sidecars of one host, with more services than the connections that an agent takes from one
 * address by default, all hear of every change soon. Method: a real agent, several sidecars'
 * discoveries in this process, and changes of all services at once.
 */

const binary = (await consulForTests()) ?? "";

describe.skipIf(binary === "")("Sidecars at an agent's limit", { timeout: 60_000 }, () => {
  test("three with 90 services each share 200 connections, and none waits long", async () => {
    const { registerAll, addSidecar } = await openCrowd(binary, 90, 200);
    await registerAll(1);
    const sidecars = [addSidecar(), addSidecar(), addSidecar()];
    await Promise.all(sidecars.map(({ own }) => own.whenKnown()));
    const changedMs = await registerAll(2);
    const lacking = (): readonly string[] => sidecars.flatMap((each) => each.lacking(2));
    await eventually(() => expect(lacking()).toEqual([]), 20_000);
    for (const sidecar of sidecars) {
      // All have their turn within 5 s, and a busy machine may take its time.
      expect(worstMs(sidecar, changedMs)).toBeLessThan(10_000);
      expect(sidecar.client.turns.limit).toBe(TURNS_MAX);
      expect(sidecar.own.problems).toEqual([]);
      expect(sidecar.lines.join()).not.toContain("warn");
    }
  });
});
