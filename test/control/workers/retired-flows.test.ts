import { expect, test } from "vitest";
import { RetiredFlows } from "../../../control/workers/retired-flows.ts";
import { oneWorker } from "../../support/worker-stats.ts";

test("RetiredFlows keeps what workers have counted, and nothing that they had open", () => {
  const retired = new RetiredFlows();
  expect([retired.isEmpty, retired.stats]).toEqual([true, { flows: [], endpoints: [] }]);
  retired.add(oneWorker());
  retired.add(oneWorker());
  const { flows, endpoints, usage } = retired.stats;
  expect(flows).toMatchObject([
    { bytesIn: 1_400, bytesOut: 18_000, firstBytes: [[80, 10]], connections: 0, idle: 0 },
  ]);
  expect(endpoints).toMatchObject([
    { address: "10.0.0.5:3000", inFlight: 0, ejectedForMs: 0, attempts: [40, 6] },
  ]);
  expect(usage).toEqual({
    cpuSeconds: 3,
    residentBytes: 0,
    loopDelay: { delays: [[3, 18]], sumMs: 4 },
  });
});

test("RetiredFlows forgets the oldest of very many endpoints", () => {
  const retired = new RetiredFlows();
  const [endpoint] = oneWorker().endpoints;
  const endpoints = Array.from({ length: 16_385 }, (_each, at) => {
    return { ...endpoint, address: `10.0.0.5:${at}` } as NonNullable<typeof endpoint>;
  });
  retired.add({ ...oneWorker(), endpoints });
  expect(retired.stats.endpoints).toHaveLength(16_384);
  expect(retired.stats.endpoints[0]?.address).toBe("10.0.0.5:1");
});
