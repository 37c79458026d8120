import { expect, test } from "vitest";
import { observeWorkers } from "../../../control/workers/observe-workers.ts";
import type { ObservedWorkers } from "../../../control/workers/observe-workers.ts";
import type { FromWorker } from "../../../proxy/messages/messages.ts";
import { NOTHING_COUNTED } from "../../../proxy/metrics/second-counters.ts";
import type { ObservedSeconds } from "../../../proxy/metrics/second-counts.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const QUESTION = { service: "web", versions: ["v1"], afterS: 0 };

/** Workers 7 and 8, which answer so. */
function workersThat(answer: () => Promise<ReadonlyMap<number, FromWorker>>): ObservedWorkers {
  const serving = [{ pid: 7 }, { pid: 8 }];
  return { serving, askEach: () => answer() };
}

function counted(sinceS: number, untilS: number): FromWorker {
  const counts = { ...NOTHING_COUNTED, requests: 2 };
  const seconds: ObservedSeconds["seconds"] = [{ second: 5, versions: [counts] }];
  return { kind: "observed", id: 1, observed: { sinceS, untilS, seconds } };
}

test("observeWorkers() adds up what all have counted, as far as all of them know", async () => {
  const workers = workersThat(async () => {
    return new Map([
      [7, counted(4, 6)],
      [8, counted(5, 5)],
    ]);
  });
  const { sinceS, untilS, seconds } = await observeWorkers(workers, QUESTION, new ManualClock());
  const told = seconds.map(({ second, versions }) => [second, versions[0]?.requests]);
  expect([sinceS, untilS, told]).toEqual([
    4,
    5,
    [
      [4, 0],
      [5, 4],
    ],
  ]);
});

test("observeWorkers() goes on without one that has ended, and not without any", async () => {
  const one = workersThat(async () => new Map([[8, counted(5, 5)]]));
  expect((await observeWorkers(one, QUESTION, new ManualClock())).seconds).toHaveLength(1);
  const none = workersThat(async () => new Map());
  await expect(observeWorkers(none, QUESTION, new ManualClock())).rejects.toThrow(
    /none of them has answered$/,
  );
});

test("observeWorkers() waits half a second", async () => {
  const clock = new ManualClock();
  const silent = workersThat(() => new Promise(() => undefined));
  const asked = observeWorkers(silent, QUESTION, clock);
  const late = expect(asked).rejects.toThrow(/one of workers 7, 8 did not answer in time$/);
  await clock.advance(500);
  await late;
});
