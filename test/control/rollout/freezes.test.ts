import { describe, expect, test } from "vitest";
import { Freezes } from "../../../control/rollout/freezes.ts";
import { MemoryDocuments } from "../../../control/store/memory-documents.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { armOf } from "../analysis/arms.ts";
import { RolloutBed } from "./rollout-bed.ts";

const BY = { actor: "ann", reason: "holidays" };

function open(documents: MemoryDocuments, clock = new ManualClock()): Freezes {
  const ignore = (): void => undefined;
  return new Freezes({ documents, clock, log: { info: ignore, warn: ignore, error: ignore } });
}

describe("Freezes", () => {
  test("are of one service or all, the longest counts, and they end by themselves", async () => {
    const clock = new ManualClock();
    const freezes = open(new MemoryDocuments(), clock);
    const nowMs = clock.wallMs();
    await freezes.add("web", nowMs + 2_000, BY);
    await freezes.add(undefined, nowMs + 1_000, BY);
    expect(freezes.of("web")?.untilMs).toBe(nowMs + 2_000);
    expect(freezes.of("shop")?.untilMs).toBe(nowMs + 1_000);
    await freezes.add("web", nowMs + 500, BY);
    expect([freezes.list().length, freezes.of("web")?.service]).toEqual([2, undefined]);
    await clock.advance(1_000);
    expect(freezes.list()).toEqual([]);
  });

  test("until a time that is over are refused, and replace none", async () => {
    const clock = new ManualClock();
    const freezes = open(new MemoryDocuments(), clock);
    const untilMs = clock.wallMs() + 1_000;
    await freezes.add("web", untilMs, BY);
    const late = freezes.add("web", clock.wallMs(), BY);
    await expect(late).rejects.toThrow("until: wanted a time to come, found 20");
    expect(freezes.of("web")?.untilMs).toBe(untilMs);
  });

  test("of two sidecars are kept both, also when one has not heard of the other's", async () => {
    const documents = new MemoryDocuments();
    const [one, other] = [open(documents), open(documents)];
    const untilMs = new ManualClock().wallMs() + 1_000;
    await one.add("web", untilMs, BY);
    await other.add("shop", untilMs, BY);
    one.kept.take(await documents.all());
    expect(one.list()).toEqual(other.list());
    expect(await one.end("shop")).toBe(true);
    expect(await one.end("shop")).toBe(false);
  });

  test("that cannot be read freeze nothing, and are left until the next is written", async () => {
    const documents = new MemoryDocuments();
    await documents.save("~freezes", '{"format":"other"}', undefined);
    const freezes = open(documents);
    freezes.kept.take(await documents.all());
    expect(freezes.list()).toEqual([]);
  });
});

test("A rollout under a freeze holds, and is aborted when it is bad", async () => {
  const bed = await RolloutBed.start();
  const wish = { service: "web", to: "v2", steps: [10, 50], stepFor: 5_000 };
  const { id } = await bed.rollouts.begin(wish, BY);
  await bed.pass(1);
  const untilMs = bed.clock.wallMs() + 60_000;
  await bed.rollouts.freeze(undefined, untilMs, BY);
  await bed.pass(20);
  expect(bed.rollouts.live(id)?.why).toEqual({
    rule: "frozen",
    text: `everything is frozen until ${new Date(untilMs).toISOString()}, as ann said: holidays`,
  });
  expect(bed.weights()).toEqual({ v1: 9_000, v2: 1_000 });
  bed.counts = { stable: armOf(90), canary: armOf(10, 10) };
  await bed.pass(3);
  expect(bed.weights()).toEqual({ v1: 100, v2: 0 });
});
