import { expect, test } from "vitest";
import { FleetSeconds } from "../../../control/fleet/fleet-seconds.ts";
import { NOTHING_COUNTED } from "../../../proxy/metrics/second-counters.ts";
import type { ObservedSeconds } from "../../../proxy/metrics/second-counts.ts";

const QUESTION = { service: "web/1", versions: ["v1", "v2"], afterS: 100 };
const COUNTED = { ...NOTHING_COUNTED, requests: 3 };

const SECONDS: ObservedSeconds = {
  sinceS: 101,
  untilS: 101,
  seconds: [{ second: 101, versions: [COUNTED, COUNTED] }],
};

/** A fleet in which `answer` says what a sidecar tells; `a` is us. */
function fleetOf(names: readonly string[], answer: (sidecar: string) => unknown) {
  const asked: string[] = [];
  const lists = { read: 0, problem: undefined as Error | undefined };
  const clock = { now: 0, nowMs: () => clock.now };
  const members = async () => {
    lists.read += 1;
    if (lists.problem !== undefined) throw lists.problem;
    return names.map((sidecar) => {
      return { sidecar, revision: 3, api: `https://${sidecar}.test`, host: "there" };
    });
  };
  const get = async ({ origin }: { readonly origin: string }, path: string): Promise<unknown> => {
    asked.push(path);
    return JSON.parse(JSON.stringify(answer(origin.slice(8, -5))));
  };
  const own = () => Promise.resolve(SECONDS);
  const deps = { members, own, clock, peers: { get }, host: "here", sidecar: "a" };
  return { seconds: new FleetSeconds(deps), asked, lists, clock };
}

const told = (sidecar: string): object => ({ sidecar, versions: ["v1", "v2"], ...SECONDS });

test("FleetSeconds asks all others for those of the rollout, and us", async () => {
  const { seconds, asked } = fleetOf(["a", "b", "c"], told);
  const { answers, missing } = await seconds.ask(QUESTION);
  expect([answers.map(({ seconds: each }) => each), missing]).toEqual([
    [SECONDS.seconds, SECONDS.seconds, SECONDS.seconds],
    [],
  ]);
  expect(asked).toEqual(Array(2).fill("/v1/rollouts/web%2F1/seconds?after=100"));
});

test("FleetSeconds says who is missing, and why", async () => {
  const { seconds } = fleetOf(["a", "down", "odd", "old", "other", "many"], (sidecar) => {
    if (sidecar === "down") throw new Error("connect ECONNREFUSED");
    if (sidecar === "odd") return { seconds: "many" };
    if (sidecar === "old") return { ...told(sidecar), versions: ["v0", "v1"] };
    if (sidecar === "many")
      return { ...told(sidecar), seconds: Array(61).fill(SECONDS.seconds[0]) };
    return told("somebody");
  });
  const { answers, missing } = await seconds.ask(QUESTION);
  expect([answers.length, missing]).toEqual([
    1,
    [
      { sidecar: "down", reason: "connect ECONNREFUSED" },
      { sidecar: "odd", reason: "its answer holds no seconds of this rollout" },
      { sidecar: "old", reason: "its answer holds no seconds of this rollout" },
      { sidecar: "other", reason: 'at its address answers "somebody"' },
      { sidecar: "many", reason: "its answer holds no seconds of this rollout" },
    ],
  ]);
});

test("FleetSeconds reads the list each five seconds, and again when that has failed", async () => {
  const { seconds, lists, clock } = fleetOf(["a"], told);
  await seconds.ask(QUESTION);
  clock.now = 4_000;
  await seconds.ask(QUESTION);
  expect(lists.read).toBe(1);
  clock.now = 6_000;
  lists.problem = new Error("Consul is away");
  await expect(seconds.ask(QUESTION)).rejects.toThrow("Consul is away");
  lists.problem = undefined;
  await seconds.ask(QUESTION);
  expect(lists.read).toBe(3);
});
