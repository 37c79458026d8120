import { compoundKey } from "../../proxy/base/compound-key.ts";
import { addedFlows } from "../../proxy/metrics/flow-counters.ts";
import { addedBuckets, BUCKET_COUNT } from "../../proxy/metrics/histogram.ts";
import type { FlowCounts, LoopDelayCounts, WorkerStats } from "../../proxy/metrics/stats.ts";

/** What went through a version, and what is there now, over all workers. */
export type FlowTotals = FlowCounts & {
  readonly connections: number;
  readonly idle: number;
  readonly pending: number;
};

const NO_FLOW: FlowTotals = {
  bytesIn: 0,
  bytesOut: 0,
  firstBytes: [],
  firstByteSumMs: 0,
  connections: 0,
  idle: 0,
  pending: 0,
};

/** Flows, attempts at endpoints and the machine's use, of all workers. */
export class AllFlows {
  readonly #flows = new Map<string, FlowTotals>();
  readonly #attempts = new Map<string, readonly [number, number]>();
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly loopDelay: LoopDelayCounts;

  constructor(workers: readonly WorkerStats[]) {
    for (const { flows = [], endpoints } of workers) {
      for (const { service, version, ...flow } of flows) {
        const before = this.flow(service, version);
        this.#flows.set(compoundKey(service, version), {
          ...addedFlows(before, flow),
          connections: before.connections + flow.connections,
          idle: before.idle + flow.idle,
          pending: before.pending + flow.pending,
        });
      }
      for (const { service, version, address, attempts = [0, 0] } of endpoints) {
        const [wells, bads] = this.attempts(service, version, address);
        const sums = [wells + attempts[0], bads + attempts[1]] as const;
        this.#attempts.set(compoundKey(service, version, address), sums);
      }
    }
    const usages = workers.flatMap(({ usage }) => usage ?? []);
    this.cpuSeconds = usages.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    this.residentBytes = usages.reduce((sum, { residentBytes }) => sum + residentBytes, 0);
    this.loopDelay = {
      delays: usages.reduce<LoopDelayCounts["delays"]>(
        (sum, { loopDelay }) => addedBuckets(sum, loopDelay.delays),
        [],
      ),
      sumMs: usages.reduce((sum, { loopDelay }) => sum + loopDelay.sumMs, 0),
    };
  }

  /** Zeros when no worker knows the version. */
  flow(service: string, version: string): FlowTotals {
    return this.#flows.get(compoundKey(service, version)) ?? NO_FLOW;
  }

  /** Attempts at an endpoint that went well, and badly. */
  attempts(service: string, version: string, address: string): readonly [number, number] {
    return this.#attempts.get(compoundKey(service, version, address)) ?? [0, 0];
  }
}

/** Counts by bucket, BUCKET_COUNT long. */
export function denseBuckets(sparse: readonly (readonly [number, number])[]): readonly number[] {
  const dense = Array.from<number>({ length: BUCKET_COUNT }).fill(0);
  for (const [bucket, count] of sparse) dense[bucket] = count;
  return dense;
}
