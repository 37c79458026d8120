import { describe, expect, test } from "vitest";
import { systemClock } from "../../../proxy/base/clock.ts";
import type { SpanReport } from "../../../proxy/messages/messages.ts";
import { SpanBatch } from "../../../proxy/tracing/span-batch.ts";
import { manualWheel } from "../../support/manual-wheel.ts";

/** A batch, what it has sent, and who is still to say that it has left. */
function bed() {
  const { wheel, advance } = manualWheel();
  const sent: SpanReport[] = [];
  const leaving: (() => void)[] = [];
  const batch = new SpanBatch({
    wheel,
    clock: systemClock,
    send: (report, onSent) => {
      sent.push(report);
      leaving.push(onSent);
    },
  });
  return { batch, sent, left: () => leaving.shift()?.(), advance };
}

describe("SpanBatch", () => {
  test("sends what has come within a second together", () => {
    const { batch, sent, advance } = bed();
    batch.add("1");
    batch.add("2");
    expect(sent).toEqual([]);
    advance(1_200);
    expect(sent).toEqual([{ spans: "1,2", count: 2, dropped: 0 }]);
    advance(60_000);
    expect(sent).toHaveLength(1);
  });

  test("sends many at once, and the next ones when those have left", () => {
    const { batch, sent, left, advance } = bed();
    for (let span = 0; span < 257; span += 1) batch.add("x");
    expect(sent.map(({ count }) => count)).toEqual([256]);
    advance(60_000);
    expect(sent).toHaveLength(1);
    left();
    advance(1_200);
    expect(sent.map(({ count }) => count)).toEqual([256, 1]);
  });

  test("drops and counts what finds no room", () => {
    const { batch, sent, left } = bed();
    for (let span = 0; span < 256 + 2_048 + 7; span += 1) batch.add("x");
    left();
    expect(sent.map(({ count, dropped }) => [count, dropped])).toEqual([
      [256, 0],
      [2_048, 7],
    ]);
    left();
    const long = "x".repeat(1_048_576);
    for (let span = 0; span < 3; span += 1) batch.add(long);
    void batch.flush();
    expect(sent.at(-1)).toMatchObject({ count: 2, dropped: 1 });
  });

  test("flush() waits until everything has left", async () => {
    const { batch, sent, left } = bed();
    await batch.flush();
    expect(sent).toEqual([]);
    batch.add("1");
    let isFlushed = false;
    const flushed = batch.flush().then(() => (isFlushed = true));
    expect(sent).toHaveLength(1);
    await Promise.resolve();
    expect(isFlushed).toBe(false);
    left();
    await flushed;
    expect(isFlushed).toBe(true);
  });

  test("flush() does not wait for ever", async () => {
    const { batch } = bed();
    batch.add("1");
    await batch.flush();
  });
});
