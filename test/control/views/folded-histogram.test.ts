import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { addHistogram } from "../../../control/views/folded-histogram.ts";
import type { HistogramSeries } from "../../../control/views/folded-histogram.ts";
import { BUCKET_COUNT, bucketOf } from "../../../proxy/metrics/histogram.ts";

/** The lines of a histogram `took`, without its help. */
async function linesOf(...series: readonly HistogramSeries[]): Promise<string[]> {
  const registry = new Registry();
  addHistogram(registry, "took", "How long", series);
  return (await registry.metrics()).trim().split("\n").slice(1);
}

/** Counts of single values, as a worker has them. */
function countsOf(...valuesMs: readonly number[]): number[] {
  const counts = Array.from<number>({ length: BUCKET_COUNT }).fill(0);
  for (const each of valuesMs) counts[bucketOf(each)] = (counts[bucketOf(each)] ?? 0) + 1;
  return counts;
}

test("addHistogram() counts under each bound all that lies below it", async () => {
  const counts = countsOf(0.1, 0.2, 3, 3, 100_000);
  const lines = await linesOf({ labels: { version: "v1" }, counts, sumMs: 100_006.3 });
  const buckets = new Map(
    lines.flatMap((line) => {
      const [, le = "", count] = /^took_bucket\{le="(.*?)",version="v1"\} (\d+)$/.exec(line) ?? [];
      return count === undefined ? [] : [[le, Number(count)] as const];
    }),
  );
  expect(Object.fromEntries(buckets)).toMatchObject({
    "0.000128": 1,
    "0.000256": 2,
    "0.002048": 2,
    "0.004096": 4,
    "67.108864": 4,
    "+Inf": 5,
  });
  expect(buckets.size).toBe(21);
  expect(lines.slice(-2)).toEqual([
    'took_sum{version="v1"} 100.0063',
    'took_count{version="v1"} 5',
  ]);
});

test("addHistogram() is a Prometheus histogram with a series for each set of labels", async () => {
  const counts = countsOf(1);
  const lines = await linesOf(
    { labels: { version: "v1" }, counts, sumMs: 1 },
    { labels: { version: "v2" }, counts: [], sumMs: 0 },
  );
  expect(lines[0]).toBe("# TYPE took histogram");
  expect(lines.filter((line) => line.startsWith("took_count"))).toEqual([
    'took_count{version="v1"} 1',
    'took_count{version="v2"} 0',
  ]);
});

test("addHistogram() without series has none, but a help and a type", async () => {
  expect(await linesOf()).toEqual(["# TYPE took histogram"]);
});

test("addHistogram() shows values that were counted as smaller ones as they are", async () => {
  const counts = countsOf(64_000 / 64, 0.5);
  const lines = await linesOf({ labels: {}, counts, sumMs: 64_032, divisor: 64 });
  expect(lines).toContain('took_bucket{le="0.032768"} 1');
  expect(lines).toContain('took_bucket{le="67.108864"} 2');
  expect(lines).toContain("took_sum 64.032");
});

test("addHistogram() with fine buckets has four exact bounds for each power of two", async () => {
  const counts = Array.from<number>({ length: BUCKET_COUNT }).fill(1);
  const labels = { service: "web" };
  const text = async (isFine: boolean): Promise<readonly string[]> => {
    const registry = new Registry();
    addHistogram(registry, "a_seconds", "help", [{ labels, counts, sumMs: 1, isFine }]);
    return (await registry.metrics()).split("\n").filter((line) => line.includes("_bucket"));
  };
  const [coarse, fine] = [await text(false), await text(true)];
  expect([coarse.length, fine.length]).toEqual([21, 4 * 19 + 2]);
  expect(coarse.filter((line) => !fine.includes(line))).toEqual([]);
  const below = fine.map((line) => Number(line.split(" ").at(-1)));
  // Of the workers' eight buckets in each power of two, two are between neighbours.
  const steps = below.slice(1, -2).map((count, at) => count - (below[at] ?? 0));
  expect(new Set(steps)).toEqual(new Set([2]));
});
