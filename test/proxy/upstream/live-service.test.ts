import { expect, onTestFinished, test } from "vitest";
import type { ServiceTable } from "../../../proxy/table/service-table.ts";
import { LiveService } from "../../../proxy/upstream/live-service.ts";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin } from "../../support/origin.ts";
import { serviceTable } from "../table/service-fixture.ts";
import { endpointSnapshot, poolDeps, RecordingUser } from "./pool-fixture.ts";

function liveService(table: ServiceTable): LiveService {
  const service = new LiveService(table, poolDeps());
  onTestFinished(() => service.close());
  return service;
}

/** How many retries may be under way at once while so many exchanges are. */
function budget(inFlight: number, percent: number, min: number): number {
  const service = liveService(serviceTable({ v1: 1 }));
  service.inFlight = inFlight;
  while (service.retrying < 1_000 && service.mayRetry(percent, min)) service.retrying += 1;
  return service.retrying;
}

test.each([
  [0, 20, 3, 3],
  [15, 20, 3, 3],
  [16, 20, 3, 4],
  [100, 20, 3, 20],
  [101, 20, 3, 21],
  [100, 0, 0, 0],
  [100, 0, 2, 2],
  [100, 100, 0, 100],
])("LiveService.mayRetry() with %i in flight, %i %% and at least %i allows %i", (...row) => {
  const [inFlight, percent, min, wanted] = row;
  expect(budget(inFlight, percent, min)).toBe(wanted);
});

test("LiveService.mayRetry() has room again when a retry has ended", () => {
  const service = liveService(serviceTable({ v1: 1 }));
  service.retrying = 3;
  expect(service.mayRetry(20, 3)).toBe(false);
  service.retrying -= 1;
  expect(service.mayRetry(20, 3)).toBe(true);
});

test("LiveService.update() keeps pools by version name, in the order of the table", () => {
  const service = liveService(serviceTable({ v1: 1, v2: 1 }));
  const [first, second] = service.pools;
  const table = serviceTable({ v3: 1, v2: 1, v1: 1 });
  const { quota } = service;
  service.update(table);
  expect(service.pools.map(({ version }) => version)).toEqual(["v3", "v2", "v1"]);
  expect([service.pools[2], service.pools[1], service.quota]).toEqual([first, second, quota]);
  expect(table.versions.map((version) => service.poolOf(version).version)).toEqual([
    "v3",
    "v2",
    "v1",
  ]);
});

test("LiveService.update() closes the pool of a version that is gone", async () => {
  using origin = await RawOrigin.start();
  const endpoints = [endpointSnapshot(origin.address)];
  const service = liveService(serviceTable({ v1: { endpoints }, v2: { endpoints } }));
  const users = service.pools.map((pool) => new RecordingUser(pool));
  for (const user of users) {
    await user.open();
    user.release();
  }
  service.update(serviceTable({ v1: { endpoints } }));
  await eventually(() => {
    expect(users.map(({ connection }) => connection?.transport.closed)).toEqual([false, true]);
  });
  expect(users.map(({ told }) => told)).toEqual([["ready"], ["ready"]]);
});

test("LiveService.isUsable() is whether a version has an endpoint for new work", () => {
  const table = serviceTable({
    v1: 1,
    v2: { endpoints: [endpointSnapshot("a:1", { healthy: false })] },
    v3: { endpoints: [] },
    v4: { endpoints: [endpointSnapshot("a:1", { state: "drain" }), endpointSnapshot("b:1")] },
  });
  const service = liveService(table);
  expect(table.versions.map(service.isUsable)).toEqual([true, false, false, true]);
});
