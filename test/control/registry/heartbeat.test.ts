import { expect, onTestFinished, test } from "vitest";
import { seededRandom } from "../../../proxy/base/random.ts";
import type { ConsulClient } from "../../../control/consul/client.ts";
import { ConsulError } from "../../../control/consul/consul-error.ts";
import { heartbeat } from "../../../control/registry/heartbeat.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** A heartbeat by a clock of ours; `leader` is what a server answers, or throws. */
function beat(leader: () => string) {
  const clock = new ManualClock();
  const asked: number[] = [];
  const dropped: string[] = [];
  const logged: string[] = [];
  const note = (event: string): void => void logged.push(event);
  const client = {
    lastLedAnswerMs: -Infinity,
    turns: { problem: undefined as string | undefined },
    json: async () => {
      asked.push(clock.nowMs());
      return leader();
    },
    dropWatches: ({ code }: ConsulError) => void dropped.push(code),
  };
  const end = new AbortController();
  const log = { info: note, warn: note, error: note };
  const deps = { client: client as unknown as ConsulClient, clock, random: seededRandom(1), log };
  const over = heartbeat(deps, end.signal);
  onTestFinished(async () => {
    end.abort();
    await over;
  });
  return { clock, client, asked, dropped, logged };
}

test("heartbeat() asks who leads, every 10 s, and does nothing when somebody does", async () => {
  const { clock, asked, dropped } = beat(() => "10.0.0.1:8300");
  await clock.advance(60_000);
  expect(asked.length).toBeGreaterThanOrEqual(6);
  expect(dropped).toEqual([]);
});

test("heartbeat() asks nothing while Consul answers other questions", async () => {
  const { clock, client, asked } = beat(() => "10.0.0.1:8300");
  for (let times = 0; times < 20; times += 1) {
    client.lastLedAnswerMs = clock.nowMs();
    await clock.advance(3_000);
  }
  expect(asked).toEqual([]);
});

test.each([
  ["nobody leads", () => "", ["consul_no_leader"]],
  [
    "nobody answers",
    () => {
      throw new ConsulError("consul_timeout", "ask", "late");
    },
    ["consul_timeout"],
  ],
  [
    "the token may not ask, which is an answer",
    () => {
      throw new ConsulError("consul_denied", "ask", "no");
    },
    [],
  ],
])("heartbeat() when %s ends the blocking queries: %#", async (_, leader, expected) => {
  const { clock, dropped, logged } = beat(leader);
  await clock.advance(10_000);
  expect(dropped).toEqual(expected);
  expect(logged).toEqual(expected.map(() => "consul.silent"));
});

test("heartbeat() takes no slow agent for one that hangs: it asks again", async () => {
  let answers = 0;
  const { clock, asked, dropped, logged } = beat(() => {
    answers += 1;
    if (answers % 2 === 1) throw new ConsulError("consul_timeout", "ask", "late");
    return "10.0.0.1:8300";
  });
  await clock.advance(60_000);
  expect(asked.length).toBeGreaterThan(10);
  expect([dropped, logged]).toEqual([[], []]);
});

test("heartbeat() tells once that the agent is at its limit, and once that it is not", async () => {
  const { clock, client, logged } = beat(() => "10.0.0.1:8300");
  client.turns.problem = "connections: too few";
  await clock.advance(60_000);
  client.turns.problem = undefined;
  await clock.advance(60_000);
  expect(logged).toEqual(["consul.crowded", "consul.uncrowded"]);
});

test("heartbeat() warns of one outage once, and of the next one again", async () => {
  let leader = "";
  const { clock, dropped, logged } = beat(() => leader);
  await clock.advance(60_000);
  expect(dropped.length).toBeGreaterThan(4);
  leader = "10.0.0.1:8300";
  await clock.advance(20_000);
  leader = "";
  await clock.advance(60_000);
  expect(logged).toEqual(["consul.silent", "consul.silent"]);
});
