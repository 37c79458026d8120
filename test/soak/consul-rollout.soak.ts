import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RolloutView } from "../../control/rollout/rollout-view.ts";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { eventually } from "../support/eventually.ts";
import {
  answering,
  begin,
  hasEnded,
  rolloutThat,
  startOrigin,
  startUnderLoad,
  weights,
} from "../support/rollout-under-load.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import type { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: a rollout of three sidecars goes on when the one that leads it is killed in the middle of a
 * step, without a jump and without deciding twice; while Consul is away it stays, and can be
 * aborted. Method: real processes under load, a real agent, and the weights of every sidecar, which
 * are looked at several times a second.
 */

const binary = (await consulForTests()) ?? "";

/** The lock of a sidecar that was killed is free after 15 to 35 s. */
const TAKEN_OVER_WITHIN_MS = 60_000;
const DEADLINE_MS = 200_000;
const KEPT_WITHIN_MS = 25_000;
const COUNTED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 200;

/** Weights that a step names, in their order. */
const NAMED = ["100 0", "9000 1000", "5000 5000", "0 100"];

describe.skipIf(binary === "")("A rollout of three sidecars", { timeout: 300_000 }, () => {
  let agent: TestAgent;

  beforeAll(async () => {
    agent = await TestAgent.start(binary);
  });
  afterAll(() => agent[Symbol.asyncDispose]());

  async function startThree(
    ends: AsyncDisposableStack,
    prefix: string,
  ): Promise<readonly TestSidecar[]> {
    const origins: VersionOrigin[] = [];
    for (const name of ["v1", "v2"]) origins.push(await startOrigin(ends, name, answering()));
    const [v1, v2] = origins.map(({ address }) => ({ endpoints: [address] }));
    const versions = { v1: { ...v1, weight: 100 }, v2: { ...v2, weight: 0 } };
    const started: TestSidecar[] = [];
    for (const sidecar of ["a", "b", "c"]) {
      const config = {
        store: { kind: "consul", prefix },
        consul: { address: agent.address, sidecar, copies: false },
        services: { web: { hosts: ["web.test"], versions } },
      };
      started.push(await startUnderLoad(ends, config, 50));
    }
    return started;
  }

  /** The one that leads, once there is one; it comes first. */
  async function led(
    sidecars: readonly TestSidecar[],
    holds: (rollout: RolloutView) => boolean,
  ): Promise<readonly TestSidecar[]> {
    const leading: boolean[] = [];
    await eventually(async () => {
      const views = await Promise.all(
        sidecars.map(async ({ call }) => {
          return (await (await call("GET", "/v1/rollouts/web")).json()) as RolloutView;
        }),
      );
      for (const [index, { now }] of views.entries()) leading[index] = now !== undefined;
      expect(leading.filter(Boolean)).toHaveLength(1);
      expect(views[leading.indexOf(true)]).toSatisfy(holds);
    }, TAKEN_OVER_WITHIN_MS);
    const leader = sidecars[leading.indexOf(true)] as TestSidecar;
    return [leader, ...sidecars.filter((each) => each !== leader)];
  }

  async function explained({ call }: TestSidecar): Promise<string> {
    const answer = await call("GET", "/v1/rollouts/web/explain");
    const { explanation } = (await answer.json()) as { readonly explanation: readonly string[] };
    return explanation.join("\n");
  }

  /** All weights that there are at these sidecars until `over`, those of then included. */
  async function watch(
    sidecars: readonly TestSidecar[],
    over: AbortSignal,
  ): Promise<readonly string[]> {
    const seen: string[] = [];
    for (;;) {
      const isLast = over.aborted;
      for (const sidecar of sidecars) {
        const now = (await weights(sidecar)).join(" ");
        if (seen.at(-1) !== now) seen.push(now);
      }
      if (isLast) return seen;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  test("goes on, without a jump, when its leader is killed in the middle of a step", async () => {
    await using ends = new AsyncDisposableStack();
    const sidecars = await startThree(ends, "killed");
    await begin(sidecars[0] as TestSidecar, { steps: [10, 50], stepFor: "30s" });
    const isAtTenth = ({ share, settled, seen }: RolloutView): boolean =>
      share === 0.1 && settled && seen === "3 of 3";
    const [leader, ...others] = (await led(sidecars, isAtTenth)) as TestSidecar[];
    // Its evidence is kept every 10 s.
    await eventually(async () => {
      const kept = await agent.get("kv/killed/rollout-evidence/~evidence-web?raw");
      expect(kept).toMatchObject({ note: { step: 1 } });
    }, KEPT_WITHIN_MS);
    const over = new AbortController();
    const watching = watch(others, over.signal);
    leader?.child.kill("SIGKILL");
    // The dead one stays on the list of the fleet for 30 to 60 s, and is said to be missing.
    const sees = /^2 of [23]$/;
    const [next] = await led(others, ({ share, seen = "" }) => share >= 0.1 && sees.test(seen));
    // The evidence goes on, and what nobody has seen is counted.
    await eventually(async () => {
      expect(await explained(next as TestSidecar)).toMatch(
        /^The evidence until \S+ is that of whoever led it before; \d+ s after it are lost/m,
      );
    }, COUNTED_WITHIN_MS);
    const ended = await rolloutThat(next as TestSidecar, hasEnded, DEADLINE_MS);
    await eventually(async () => {
      for (const each of others) expect(await weights(each)).toEqual([0, 100]);
    }, 10_000);
    over.abort();
    const places = (await watching).map((each) => NAMED.indexOf(each));
    expect([...new Set(places)]).toEqual([1, 2, 3]);
    expect(ended.phase).toBe("successful");
    const steps = ended.history.filter(({ decision }) => decision === "weight");
    expect(steps.map(({ share }) => share)).toEqual([0.1, 0.5]);
    expect(next?.log.map(({ event }) => event)).not.toContain("rollout.evidence-anew");
  });

  test("stays while Consul is away, and can be aborted at each sidecar", async () => {
    await using ends = new AsyncDisposableStack();
    const sidecars = await startThree(ends, "away");
    await begin(sidecars[0] as TestSidecar, { steps: [10, 50], stepFor: "5s" });
    await led(sidecars, ({ share, settled }) => share === 0.1 && settled);
    agent.freeze();
    ends.defer(() => agent.thaw());
    const over = AbortSignal.timeout(20_000);
    const seen = await watch(sidecars, over);
    expect([...new Set(seen)]).toEqual(["9000 1000"]);
    for (const { call } of sidecars) {
      expect((await call("POST", "/v1/rollouts/web/abort")).status).toBe(200);
    }
    for (const each of sidecars) expect(await weights(each)).toEqual([100, 0]);
    agent.thaw();
    for (const each of sidecars) {
      const { phase } = await rolloutThat(each, hasEnded, TAKEN_OVER_WITHIN_MS);
      expect([phase, await weights(each)]).toEqual(["aborted", [100, 0]]);
    }
  });
});
