import { expect, onTestFinished, test } from "vitest";
import { BALANCE_INTERVAL_MS, balanceWorkers } from "../../../control/workers/worker-balance.ts";
import type { Balanced } from "../../../control/workers/worker-balance.ts";
import type { FromWorker } from "../../../proxy/messages/messages.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { oneWorker } from "../../support/worker-stats.ts";

/** A worker with so many connections, that writes down what it is asked. */
class FakeWorker implements Balanced {
  readonly pid: number;
  readonly asked: unknown[] = [];
  open: number;
  stats: WorkerStats | undefined;
  answers = true;

  constructor(pid: number, open: number) {
    this.pid = pid;
    this.open = open;
  }

  async askStats(): Promise<WorkerStats> {
    if (!this.answers) return new Promise(() => undefined);
    const stats = { ...oneWorker(), connections: { h1: this.open, h2: 0, tunnel: 0 } };
    this.stats = stats;
    return stats;
  }

  async ask(question: object): Promise<FromWorker> {
    this.asked.push(question);
    return { kind: "done", id: 1 };
  }
}

function balancing(...workers: FakeWorker[]): ManualClock {
  const clock = new ManualClock();
  const over = new AbortController();
  onTestFinished(() => over.abort());
  void balanceWorkers(() => workers, clock, over.signal);
  return clock;
}

test("balanceWorkers() asks who has too many, once a second, by fresh counts", async () => {
  const [few, many] = [new FakeWorker(1, 10), new FakeWorker(2, 30)];
  const clock = balancing(few, many);
  await clock.advance(BALANCE_INTERVAL_MS);
  expect([few.asked, many.asked]).toEqual([[], [{ kind: "share", to: 1, count: 10 }]]);
  [few.open, many.open] = [20, 20];
  await clock.advance(3 * BALANCE_INTERVAL_MS);
  expect(many.asked).toHaveLength(1);
  few.open = 26;
  await clock.advance(BALANCE_INTERVAL_MS);
  expect(few.asked).toEqual([{ kind: "share", to: 2, count: 3 }]);
});

test("balanceWorkers() moves nothing while a worker does not answer", async () => {
  const [few, many] = [new FakeWorker(1, 10), new FakeWorker(2, 30)];
  few.answers = false;
  const clock = balancing(few, many);
  await clock.advance(4 * BALANCE_INTERVAL_MS);
  expect(many.asked).toEqual([]);
  few.answers = true;
  await clock.advance(4 * BALANCE_INTERVAL_MS);
  expect(many.asked.length).toBeGreaterThan(0);
});
