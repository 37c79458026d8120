import { describe, expect, test } from "vitest";
import { asCarried } from "../../../control/rollout/as-carried.ts";
import { rolloutOf } from "./specs.ts";

describe("asCarried()", () => {
  const why = { rule: "stage", text: "stage 1 of the plan" };
  const rollout = rolloutOf({ steps: [50], maxHold: 60_000, onInconclusive: "promote" });
  const half = { kind: "weight", share: 0.5, next: true, why } as const;
  const all = { kind: "succeed", why } as const;
  const back = { kind: "abort", why } as const;

  test("lets a step wait that is more than the canary can carry, and nothing else", () => {
    const decided = [half, all, back].map((each) => asCarried(rollout, each, 0.4, 1_000));
    const text = (share: number): string => `${share} % is more than the 40 % that it can carry`;
    expect(decided).toEqual([
      { kind: "hold", why: { rule: "capacity", text: text(50) } },
      { kind: "hold", why: { rule: "capacity", text: text(100) } },
      back,
    ]);
    expect(asCarried(rollout, half, 0.5, 1_000)).toBe(half);
    // What it has already is not taken away.
    const step = { ...rollout.step, share: 0.5 };
    expect(asCarried({ ...rollout, step }, half, 0.4, 1_000)).toBe(half);
  });

  test("gives up in the end, and never promotes", () => {
    expect(asCarried(rollout, half, 0.4, 60_000).kind).toBe("inconclusive");
    const aborting = rolloutOf({ steps: [50], maxHold: 60_000, onInconclusive: "abort" });
    expect(asCarried(aborting, half, 0.4, 60_000).kind).toBe("abort");
  });
});
