import { describe, expect, test } from "vitest";
import type { RolloutView } from "../../control/rollout/rollout-view.ts";
import {
  answering,
  begin,
  configOf,
  hasEnded,
  rolloutThat,
  startOrigin,
  startUnderLoad,
  weights,
} from "../support/rollout-under-load.ts";
import type { Manner } from "../support/rollout-under-load.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import type { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: rollouts with the standard preset, at their real length, do what they promise: through
 * whole sidecars with two workers, under load. Method: origins that answer in 20 to 30 ms, or as a
 * defect makes them.
 */

/** A good canary has everything within this time. */
const PROMOTED_WITHIN_S = 160;

/** A failing canary may have shown so many of its errors. */
const ERRORS_MAX = 30;

const DEADLINE_MS = 220_000;

/** A rollout that has begun, and what it moves between. */
class Begun implements AsyncDisposable {
  readonly sidecar: TestSidecar;
  readonly canaries: readonly VersionOrigin[];
  readonly #ends: AsyncDisposableStack;

  static async of(
    perSecond: number,
    manners: readonly Manner[],
    wish: object = {},
  ): Promise<Begun> {
    await using ends = new AsyncDisposableStack();
    const stable = await startOrigin(ends, "v1", answering());
    const canaries: VersionOrigin[] = [];
    for (const manner of manners) canaries.push(await startOrigin(ends, "v2", answering(manner)));
    const config = await configOf(ends, [stable], canaries);
    const sidecar = await startUnderLoad(ends, config, perSecond);
    await begin(sidecar, wish);
    return new Begun(sidecar, canaries, ends.move());
  }

  private constructor(
    sidecar: TestSidecar,
    canaries: readonly VersionOrigin[],
    ends: AsyncDisposableStack,
  ) {
    this.sidecar = sidecar;
    this.canaries = canaries;
    this.#ends = ends;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#ends.disposeAsync();
  }

  /** How it has ended. */
  end(): Promise<RolloutView> {
    return rolloutThat(this.sidecar, hasEnded, DEADLINE_MS);
  }
}

/** `0 s start 0 %; 12 s weight 10 %; …` */
function courseOf({ started, history }: RolloutView): string {
  const steps = history.map(({ time, decision, share, rule }) => {
    return `${atS(time, started)} s ${decision} ${100 * share} % (${rule})`;
  });
  return steps.join("; ");
}

function atS(time: string | undefined, started: string): number {
  return Math.round((Date.parse(time ?? "") - Date.parse(started)) / 1_000);
}

/** The seconds that a rollout has taken, from its beginning to its last decision. */
function secondsOf({ started, history }: RolloutView): number {
  return atS(history.at(-1)?.time, started);
}

/** Errors that clients have got. */
function errorsOf({ errorRate = 0 }: Manner, canary: VersionOrigin | undefined): number {
  return (canary?.requests ?? 0) * errorRate;
}

describe.concurrent("A good canary", { timeout: 300_000 }, () => {
  test.for([50, 200])("has everything in time at %i requests a second", async (perSecond) => {
    await using begun = await Begun.of(perSecond, [{}]);
    const ended = await begun.end();
    expect([ended.phase, await weights(begun.sidecar)]).toEqual(["successful", [0, 100]]);
    expect(secondsOf(ended), courseOf(ended)).toBeLessThanOrEqual(PROMOTED_WITHIN_S);
  });

  test("that is cold, three times as slow for 30 s, has everything in the end", async () => {
    let warmAtMs = Infinity;
    const slower = (): number => {
      if (warmAtMs === Infinity) warmAtMs = performance.now() + 30_000;
      return performance.now() < warmAtMs ? 3 : 1;
    };
    await using begun = await Begun.of(50, [{ slower }]);
    const ended = await begun.end();
    expect(ended.phase, courseOf(ended)).toBe("successful");
  });

  test("of which one endpoint of four is bad has everything, without that one", async () => {
    const manners = [{}, {}, {}, { errorRate: 1 }];
    await using begun = await Begun.of(100, manners);
    const ended = await begun.end();
    expect(ended.phase, courseOf(ended)).toBe("successful");
    const [good, , , bad] = begun.canaries.map(({ requests }) => requests);
    expect(bad).toBeLessThan((good ?? 0) / 10);
  });
});

describe.concurrent("A bad canary", { timeout: 300_000 }, () => {
  test("with 5 % errors is aborted before thirty users have seen one", async () => {
    const bad = { errorRate: 0.05 };
    await using begun = await Begun.of(200, [bad]);
    const { phase, why } = await begun.end();
    expect([phase, why.rule]).toEqual(["aborted", "evidence"]);
    expect(errorsOf(bad, begun.canaries[0])).toBeLessThanOrEqual(ERRORS_MAX);
    expect(await weights(begun.sidecar)).toEqual([100, 0]);
  });

  test("that takes twice as long is aborted", async () => {
    await using begun = await Begun.of(50, [{ slower: () => 2 }]);
    const { phase, why } = await begun.end();
    expect([phase, why.text]).toEqual(["aborted", expect.stringMatching(/^p\d+: /)]);
  });
});

test("Without traffic a rollout is inconclusive, and the canary gets nothing more", async () => {
  await using begun = await Begun.of(0, [{}], { maxHold: "20s" });
  const { share } = await rolloutThat(
    begun.sidecar,
    ({ phase }) => phase === "inconclusive",
    DEADLINE_MS,
  );
  expect(share).toBeLessThanOrEqual(0.1);
});
