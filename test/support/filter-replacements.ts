import { expect } from "vitest";
import type { FilterView } from "../../control/views/filter-view.ts";
import { COUNTING } from "./filter-bench.ts";
import type { FilterBench } from "./filter-bench.ts";
import { Load } from "./load.ts";
import { complaintsOf } from "./sidecar.ts";

/**
 * Starts the bench with a filter that counts, replaces it `times` under load, and expects that no
 * request failed and that each was counted. `endpoint`: answers 200 to everything.
 */
export async function replaceFilterUnderLoad(
  bench: FilterBench,
  endpoint: string,
  times: number,
): Promise<void> {
  const module = await bench.module("count", COUNTING);
  const filters = [{ module, onError: "closed", timeout: 0 }];
  await bench.start({ web: { versions: { v1: { endpoints: [endpoint] } }, filters } });
  const statuses = new Map<number, number>();
  const target = { port: bench.port, host: "web", connections: 2 };
  const load = new Load(target, ({ status }) =>
    statuses.set(status, (statuses.get(status) ?? 0) + 1),
  );
  for (let version = 2; version <= times + 1; version += 1) {
    const parts = { version: `${version}`, readsState: [`${version - 1}`] };
    await bench.module("count", COUNTING, parts);
    const { filters: views } = (await bench.put("count")) as { filters: FilterView[] };
    expect(views.map((view) => view.version)).toEqual([`${version}`]);
  }
  await load.stop();
  expect({ lost: load.lost, closed: load.closed }).toEqual({ lost: 0, closed: 0 });
  expect([...statuses]).toEqual([[200, load.answered]]);
  // Each replacement met traffic.
  expect(load.answered).toBeGreaterThan(times);
  const counted = `\r\n\r\n${times + 1}: ${load.answered}`;
  expect((await bench.get("/count")).slice(-counted.length)).toBe(counted);
  expect(complaintsOf(bench.sidecar)).toEqual([]);
}
