import { expect, test } from "vitest";
import { AgentTurns, TURNS_MAX } from "../../../control/consul/agent-turns.ts";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import { ClosedAtOnceError } from "../../../control/consul/failure.ts";
import { patiently } from "../../../control/consul/patience.ts";
import { systemClock } from "../../../proxy/base/clock.ts";

const BUSY = new ConsulError("consul_busy", "read", "too many");
const CLOSED = new ClosedAtOnceError("read");

/** Runs what fails with each of these in turn, by a clock that never waits. */
async function run(...failures: readonly Error[]) {
  const pauses: number[] = [];
  const turns = new AgentTurns(systemClock);
  const limits: number[] = [];
  const sleep = (forMs: number): Promise<void> => {
    pauses.push(forMs);
    limits.push(turns.limit);
    return Promise.resolve();
  };
  const clock = { ...systemClock, sleep };
  const result = await patiently({ clock, turns }, async (tries) => {
    const failure = failures[tries - 1];
    if (failure !== undefined) throw failure;
    return Promise.resolve(`try ${tries}`);
  }).catch((error: unknown) => error);
  return { result, pauses, limits };
}

test("patiently() tries again what an agent at its limit refused, with fewer turns", async () => {
  const { result, pauses, limits } = await run(BUSY, BUSY);
  expect(result).toBe("try 3");
  expect(pauses).toEqual([500, 1_000]);
  expect(limits[0]).toBeLessThan(TURNS_MAX);
});

test("patiently() takes the second connection that is closed at once for a refusal", async () => {
  const { result, limits } = await run(CLOSED, CLOSED);
  expect(result).toBe("try 3");
  expect(limits).toEqual([TURNS_MAX, expect.toSatisfy((limit: number) => limit < TURNS_MAX)]);
});

test("patiently() gives up after four tries, and at once when it is not about limits", async () => {
  expect((await run(BUSY, BUSY, BUSY, CLOSED, BUSY)).result).toBe(CLOSED);
  const { result, pauses } = await run(new Error("no"));
  expect([String(result), pauses]).toEqual(["Error: no", []]);
});
