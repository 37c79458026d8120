import { describe, expect, onTestFinished, test } from "vitest";
import { SpanExporter } from "../../../control/tracing/span-exporter.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { SpanCollector } from "../../support/span-collector.ts";

/** An exporter to a collector, with a clock that the test turns. */
async function bed() {
  const collector = await SpanCollector.start();
  onTestFinished(() => collector[Symbol.dispose]());
  const clock = new ManualClock();
  const logged: string[] = [];
  const log = jsonLog(
    (line) => void logged.push(line),
    () => 0,
  );
  const exporter = new SpanExporter("sluice-1", { clock, log, random: { next: () => 1 } });
  const { endpoint } = collector;
  exporter.follow({ endpoint, ratio: 1, serviceName: "edge" });
  return { collector, clock, exporter, logged };
}

const span = (name: string): string => JSON.stringify({ name, attributes: [] });

const report = (...names: readonly string[]) => ({
  spans: names.map(span).join(","),
  count: names.length,
  dropped: 0,
});

describe("SpanExporter", () => {
  test("sends what workers tell, many together while a request is under way", async () => {
    const { collector, exporter } = await bed();
    exporter.add(report("1"));
    for (const name of ["2", "3", "4"]) exporter.add(report(name));
    await eventually(() => expect(exporter.counts).toEqual({ exported: 4, dropped: 0 }));
    expect(collector.spans.map(({ name }) => name)).toEqual(["1", "2", "3", "4"]);
    expect(collector.asked).toHaveLength(2);
    expect(collector.resource).toMatchObject({ "service.instance.id": "sluice-1" });
  });

  test("comes again later, and later each time, and then gives a batch up", async () => {
    const { collector, clock, exporter, logged } = await bed();
    collector.status = 503;
    exporter.add(report("1"));
    for (const [tries, waitMs] of [1_000, 2_000, 4_000, 8_000].entries()) {
      await eventually(() =>
        expect([collector.asked.length, clock.sleeping]).toEqual([tries + 1, 1]),
      );
      await clock.advance(waitMs - 1);
      expect(collector.asked).toHaveLength(tries + 1);
      await clock.advance(1);
    }
    await eventually(() => expect(exporter.counts).toEqual({ exported: 0, dropped: 1 }));
    collector.status = 200;
    exporter.add(report("2"));
    await eventually(() => expect(clock.sleeping).toBe(1));
    await clock.advance(16_000);
    await eventually(() => expect(exporter.counts).toEqual({ exported: 1, dropped: 1 }));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain("tracing.failed");
  });

  test("drops what a collector refuses, as a whole or in part, at once", async () => {
    const { collector, exporter } = await bed();
    collector.status = 400;
    exporter.add(report("1", "2"));
    await eventually(() => expect(exporter.counts).toEqual({ exported: 0, dropped: 2 }));
    collector.status = 200;
    collector.text = '{"partialSuccess":{"rejectedSpans":"1"}}';
    exporter.add(report("3", "4", "5"));
    await eventually(() => expect(exporter.counts).toEqual({ exported: 2, dropped: 3 }));
  });

  test("keeps so many and no more while nobody takes them, and counts all of them", async () => {
    const { collector, exporter } = await bed();
    collector[Symbol.dispose]();
    for (let each = 0; each < 100; each += 1) {
      exporter.add({ spans: span("x"), count: 256, dropped: 1 });
    }
    // 32 wait, and one is on its way.
    expect(exporter.counts.dropped).toBe(67 * 256 + 100);
    await exporter.close();
    expect(exporter.counts).toEqual({ exported: 0, dropped: 100 * 256 + 100 });
  });

  test("close() sends what is left, and what comes later is dropped", async () => {
    const { collector, exporter } = await bed();
    exporter.add(report("1"));
    exporter.add(report("2"));
    await exporter.close();
    expect(collector.spans).toHaveLength(2);
    exporter.add(report("3"));
    expect(exporter.counts).toEqual({ exported: 2, dropped: 1 });
  });

  test("close() does not wait for a collector that waits", async () => {
    const { collector, clock, exporter } = await bed();
    collector.status = 503;
    exporter.add(report("1"));
    await eventually(() => expect(clock.sleeping).toBe(1));
    await exporter.close();
    expect(exporter.counts).toEqual({ exported: 0, dropped: 1 });
  });
});
