import { expect, test } from "vitest";
import { CountedSeconds } from "../../../control/rollout/counted-seconds.ts";
import type { AskedSeconds } from "../../../control/rollout/counted-seconds.ts";
import type { CountedUpTo, Counting } from "../../../control/rollout/observations.ts";
import { NOTHING_COUNTED } from "../../../proxy/metrics/second-counters.ts";
import type { ObservationQuestion, ObservedSeconds } from "../../../proxy/metrics/second-counts.ts";

/** Sidecars that answer, and a clock. */
class Bed {
  nowS = 100;
  readonly asked: ObservationQuestion[] = [];
  answers: () => Promise<AskedSeconds> = () => Promise.resolve({ answers: [], missing: [] });
  readonly counting: Counting;

  constructor(after?: CountedUpTo) {
    const clock = { wallMs: () => 1_000 * this.nowS + 400 };
    const ask = (question: ObservationQuestion): Promise<AskedSeconds> => {
      this.asked.push(question);
      return this.answers();
    };
    const counted = new CountedSeconds(ask, clock);
    this.counting = counted.begin("web", { stable: "v1", canary: "v2" }, after);
  }

  /** All answer with these. */
  answer(answers: readonly ObservedSeconds[], missing: AskedSeconds["missing"] = []): void {
    this.answers = () => Promise.resolve({ answers, missing });
  }

  /** [requests of stable, of the canary] of each second, then how many sidecars they are of. */
  async take(): Promise<unknown> {
    const taken = await this.counting.take();
    if (taken.kind === "missing") return taken.reason;
    const { seconds, seen, of } = taken;
    const told = seconds.map(({ stable, canary }) => [stable.requests, canary.requests]);
    return [...told, `${seen} of ${of}`];
  }
}

/** A sidecar that has had so many requests of both in each second. */
function sidecar(sinceS: number, untilS: number, requests: number): ObservedSeconds {
  const counts = { ...NOTHING_COUNTED, requests };
  const seconds = [];
  for (let second = sinceS; second <= untilS; second += 1) {
    seconds.push({ second, versions: [counts, { ...counts, requests: 1 }] });
  }
  return { sinceS, untilS, seconds };
}

test("CountedSeconds asks for whole seconds that it has not given yet", async () => {
  const bed = new Bed();
  bed.answer([sidecar(101, 99, 5)]);
  expect(await bed.take()).toEqual(["1 of 1"]);
  bed.nowS = 103;
  bed.answer([sidecar(101, 102, 5)]);
  expect(await bed.take()).toEqual([[5, 1], [5, 1], "1 of 1"]);
  await bed.take();
  expect(bed.asked).toEqual([
    { service: "web", versions: ["v1", "v2"], afterS: 100 },
    { service: "web", versions: ["v1", "v2"], afterS: 100 },
    { service: "web", versions: ["v1", "v2"], afterS: 102 },
  ]);
});

test("CountedSeconds adds sidecars up, and says how many there are", async () => {
  const bed = new Bed();
  bed.nowS = 103;
  const lost = Array.from({ length: 9 }, (_, at) => ({ sidecar: `s${at}`, reason: "late" }));
  bed.answer([sidecar(101, 102, 5), sidecar(102, 102, 3)], lost);
  expect(await bed.take()).toEqual([[5, 1], [8, 2], "2 of 11"]);
  const taken = await bed.counting.take();
  expect(taken.kind === "seconds" && taken.unseen).toEqual(lost.slice(0, 5));
});

test("CountedSeconds waits for a clock that is a little behind", async () => {
  const bed = new Bed();
  bed.nowS = 104;
  bed.answer([sidecar(101, 103, 5), sidecar(101, 101, 3)]);
  expect(await bed.take()).toEqual([[8, 2], "2 of 2"]);
  bed.nowS = 106;
  bed.answer([sidecar(102, 105, 5), sidecar(102, 101, 3)]);
  expect(await bed.take()).toEqual([[5, 1], [5, 1], [5, 1], [5, 1], "1 of 2"]);
});

test("CountedSeconds takes nothing from the future", async () => {
  const bed = new Bed();
  bed.nowS = 102;
  bed.answer([sidecar(101, 500, 5)]);
  expect(await bed.take()).toEqual([[5, 1], "1 of 1"]);
});

test("CountedSeconds begins afresh when it is told to, also while it asks", async () => {
  const bed = new Bed();
  bed.nowS = 103;
  const { promise, resolve } = Promise.withResolvers<AskedSeconds>();
  bed.answers = () => promise;
  const taking = bed.take();
  bed.counting.restart();
  resolve({ answers: [sidecar(101, 102, 5)], missing: [] });
  expect(await taking).toEqual(["1 of 1"]);
  bed.nowS = 105;
  bed.answer([sidecar(104, 104, 5)]);
  expect([await bed.take(), bed.asked.at(-1)?.afterS]).toEqual([[[5, 1], "1 of 1"], 103]);
});

test("CountedSeconds begins afresh when the clock is set back", async () => {
  const bed = new Bed();
  bed.nowS = 50;
  bed.answer([sidecar(51, 49, 5)]);
  expect(await bed.take()).toEqual(["1 of 1"]);
  bed.nowS = 52;
  bed.answer([sidecar(51, 51, 5)]);
  expect(await bed.take()).toEqual([[5, 1], "1 of 1"]);
  expect(bed.asked.map(({ afterS }) => afterS)).toEqual([50, 50]);
});

test("CountedSeconds says why nothing is known", async () => {
  const bed = new Bed();
  bed.answers = () => Promise.reject(new Error("worker 7 is silent"));
  expect(await bed.take()).toBe("worker 7 is silent");
});

test("CountedSeconds goes on where another one has ended, and takes no second twice", async () => {
  const bed = new Bed({ untilS: 95, endpoints: [] });
  bed.answer([sidecar(90, 98, 5)]);
  expect(await bed.take()).toEqual([[5, 1], [5, 1], [5, 1], "1 of 1"]);
  expect([bed.asked[0]?.afterS, bed.counting.upTo.untilS]).toEqual([95, 98]);
});

test("CountedSeconds waits when the one before had a clock that is a little ahead", async () => {
  const bed = new Bed({ untilS: 102, endpoints: [] });
  bed.answer([sidecar(90, 99, 5)]);
  expect(await bed.take()).toEqual(["1 of 1"]);
  bed.nowS = 105;
  bed.answer([sidecar(90, 104, 5)]);
  expect(await bed.take()).toEqual([[5, 1], [5, 1], "1 of 1"]);
  expect(bed.asked.map(({ afterS }) => afterS)).toEqual([102, 102]);
});
