import { expect, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import { AgentTurns, TURNS_MAX } from "../../../control/consul/agent-turns.ts";

/** AgentTurns over a clock that stands still until a test moves it. */
function turns() {
  const time = { nowMs: 0 };
  const own = new AgentTurns({ ...systemClock, nowMs: () => time.nowMs });
  return { own, time };
}

const NEVER = new AbortController().signal;

/** Takes all turns, and then asks for more, whose names are noted as they begin. */
async function crowded(own: AgentTurns, names: readonly string[]) {
  const begun: string[] = [];
  while (own.limit > begun.length) {
    await own.take(NEVER);
    begun.push("first");
  }
  for (const name of names) {
    void own.take(NEVER, name.startsWith("urgent")).then(() => begun.push(name));
  }
  return begun;
}

test("AgentTurns gives turns in the order of asking, the urgent ones first", async () => {
  const { own } = turns();
  const begun = await crowded(own, ["a", "b", "urgent"]);
  for (let given = 0; given < 3; given += 1) own.give();
  await Promise.resolve();
  await expect.poll(() => begun.slice(TURNS_MAX)).toEqual(["urgent", "a", "b"]);
});

test("AgentTurns passes over who no longer waits, and tells it why", async () => {
  const { own } = turns();
  const begun = await crowded(own, []);
  const end = new AbortController();
  const gone = own.take(end.signal);
  void own.take(NEVER).then(() => begun.push("next"));
  end.abort(new Error("enough"));
  await expect(gone).rejects.toThrow("enough");
  await expect(own.take(end.signal)).rejects.toThrow("enough");
  own.give();
  await expect.poll(() => begun.at(-1)).toBe("next");
});

test("AgentTurns has fewer when the agent refuses, not many fewer at once, and never none", () => {
  const { own, time } = turns();
  own.lower();
  own.lower();
  expect(own.limit).toBe(24);
  for (let refusals = 0; refusals < 20; refusals += 1) {
    time.nowMs += 1_000;
    own.lower();
  }
  expect(own.limit).toBe(4);
});

test("AgentTurns has one more every 10 s while somebody waits", async () => {
  const { own, time } = turns();
  own.lower();
  const begun = await crowded(own, ["a", "b", "c"]);
  own.give();
  expect(own.limit).toBe(24);
  time.nowMs += 10_000;
  own.give();
  await expect.poll(() => begun.slice(24)).toEqual(["a", "b", "c"]);
  expect(own.limit).toBe(25);
});

test.each([
  [24, 45_000],
  [25, 10_000],
  [48, 10_000],
  [96, 2_500],
  [1_000, 500],
])("AgentTurns lets each of %i watches wait for %i ms of 45 s", (watches, waitMs) => {
  const { own } = turns();
  own.watches = watches;
  expect(own.waitMs(45_000)).toBe(waitMs);
  expect(own.waitMs(100)).toBe(100);
});

test("AgentTurns says that the agent refuses, once that keeps a watch waiting", () => {
  const { own } = turns();
  own.watches = 90;
  expect(own.problem).toBeUndefined();
  own.lower();
  expect(own.problem).toBe(
    "connections: Consul refuses more than 24 at once from here " +
      "(limits.http_max_conns_per_client), so that 90 watches take turns; each has one every 5 s",
  );
  own.watches = 24;
  expect(own.problem).toBeUndefined();
});
