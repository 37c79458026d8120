import { expect, test, vi } from "vitest";
import { Trials } from "../../../control/rollout/trials.ts";
import { MemoryDocuments } from "../../../control/store/memory-documents.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { ANY } from "../../support/started-services.ts";
import { RolloutBed } from "./rollout-bed.ts";

const [AT_0, AT_20, AT_50] = [0, 20, 50].map((v2) => ({ v1: 100 - v2, v2 }));

/** Shifts in a way that has to be confirmed within 10 s. */
function tryShift(bed: RolloutBed, v2: number, service = "web"): Promise<unknown> {
  const after = { v1: 100 - v2, v2 };
  return bed.rollouts.tryShift({ service, after, actor: "ann" }, 10_000, () =>
    bed.services.shift(service, after, ANY),
  );
}

test("A shift that nobody confirms is taken back, also when the process has died", async () => {
  const bed = await RolloutBed.start();
  await tryShift(bed, 20);
  await bed.pass(5);
  expect(bed.weights()).toEqual(AT_20);
  await bed.restart();
  await bed.pass(7);
  expect(bed.weights()).toEqual(AT_0);
  const [entry] = (await bed.audit.list({ limit: 1 })).values();
  expect(entry).toMatchObject({ actor: "trial", reason: "nobody has confirmed what ann tried" });
});

test("A shift that is confirmed stays, and can be confirmed once", async () => {
  const bed = await RolloutBed.start();
  await tryShift(bed, 20);
  expect(bed.rollouts.trial("web")).toMatchObject({ before: AT_0, actor: "ann" });
  await bed.pass(5);
  expect([await bed.rollouts.confirm("web"), await bed.rollouts.confirm("web")]).toEqual([
    true,
    false,
  ]);
  expect(bed.rollouts.trial("web")).toBeUndefined();
  await bed.pass(20);
  expect(bed.weights()).toEqual(AT_20);
});

test("Several that nobody confirms go back to what was last confirmed", async () => {
  const bed = await RolloutBed.start();
  await tryShift(bed, 20);
  await bed.pass(5);
  await tryShift(bed, 50);
  await bed.pass(8);
  expect(bed.weights()).toEqual(AT_50);
  await bed.pass(5);
  expect(bed.weights()).toEqual(AT_0);
});

test("What somebody has changed since stays, and so does what could not be shifted", async () => {
  const bed = await RolloutBed.start();
  await tryShift(bed, 20);
  await bed.services.shift("web", AT_50 ?? {}, ANY);
  expect(bed.rollouts.trial("web")).toBeUndefined();
  await expect(tryShift(bed, 2_000_000, "shop")).rejects.toThrow("wanted a whole number");
  await bed.pass(15);
  expect([bed.weights(), bed.weights("shop")]).toEqual([AT_50, AT_0]);
});

test("A freeze does not keep a shift from being taken back", async () => {
  const bed = await RolloutBed.start();
  await tryShift(bed, 20);
  const by = { actor: "ann", reason: "holidays" };
  await bed.rollouts.freeze(undefined, bed.clock.wallMs() + 60_000, by);
  await bed.pass(15);
  expect(bed.weights()).toEqual(AT_0);
});

test("Trials are due when their time is over", async () => {
  const clock = new ManualClock();
  const ignore = (): void => undefined;
  const log = { info: ignore, warn: ignore, error: ignore };
  const trials = new Trials({ documents: new MemoryDocuments(), clock, log });
  const trial = { service: "web", before: { v1: 1 }, after: { v1: 2 }, actor: "ann" };
  await trials.begin(trial, 1_000);
  expect(trials.due()).toEqual([]);
  await clock.advance(1_000);
  expect(trials.due()).toEqual([{ ...trial, dueMs: clock.wallMs() }]);
});

test("trial() of a service looks through no list of services", async () => {
  const bed = await RolloutBed.start();
  const names = vi.spyOn(bed.services, "names");
  expect(bed.rollouts.trial("web")).toBeUndefined();
  expect(names).not.toHaveBeenCalled();
});
