import { expect, test } from "vitest";
import { drainWorkers } from "../../../control/workers/drain-workers.ts";
import type { Question } from "../../../control/workers/worker-process.ts";
import type { FromWorker } from "../../../proxy/messages/messages.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const POLICY = { softMs: 1_000, hardMs: 10_000, connectionsPerSecond: 100 };
const DONE: FromWorker = { kind: "done", id: 1 };

/** A worker that writes down what it is asked. */
class TestWorker {
  readonly asked: Question[] = [];
  readonly stats: WorkerStats | undefined;
  readonly answer = Promise.withResolvers<FromWorker>();

  constructor(h1: number, tunnel: number) {
    this.stats = { ...oneWorker(), connections: { h1, h2: 0, tunnel } };
  }

  ask(question: Question): Promise<FromWorker> {
    this.asked.push(question);
    return this.answer.promise;
  }
}

test("each worker gets its part of the rate, by the connections that it has", async () => {
  const workers = [new TestWorker(20, 10), new TestWorker(0, 10)];
  for (const { answer } of workers) answer.resolve(DONE);
  await drainWorkers(workers, POLICY, new ManualClock());
  const terms = { kind: "drain", jitter: 1, softMs: 1_000, hardMs: 10_000 };
  expect(workers.map(({ asked }) => asked)).toEqual([
    [{ ...terms, perSecond: 75 }],
    [{ ...terms, perSecond: 25 }],
  ]);
});

test("one that fails is waited for no longer, and is no failure", async () => {
  const [well, ill] = [new TestWorker(1, 0), new TestWorker(1, 0)];
  ill.answer.reject(new Error("gone"));
  well.answer.resolve(DONE);
  await drainWorkers([well, ill], POLICY, new ManualClock());
  expect([...well.asked, ...ill.asked]).toHaveLength(2);
});

test("one that is stuck is waited for until 5 s after the deadline", async () => {
  const clock = new ManualClock();
  let isDone = false;
  const drained = drainWorkers([new TestWorker(1, 0)], POLICY, clock).then(() => (isDone = true));
  await clock.advance(14_999);
  expect(isDone).toBe(false);
  await clock.advance(1);
  await drained;
});
