import { compoundKey } from "../../proxy/base/compound-key.ts";
import { addedFlows } from "../../proxy/metrics/flow-counters.ts";
import { addedBuckets } from "../../proxy/metrics/histogram.ts";
import type {
  EndpointStats,
  FlowStats,
  WorkerStats,
  WorkerUsage,
} from "../../proxy/metrics/stats.ts";

/**
 * Endpoints whose counts are kept. They come and go, and nobody says here which are still there:
 * the oldest go first.
 */
const ENDPOINTS_MAX = 16_384;

const NO_USAGE: WorkerUsage = {
  cpuSeconds: 0,
  residentBytes: 0,
  loopDelay: { delays: [], sumMs: 0 },
};

/** What workers that are gone had passed on, tried and used. As RetiredCounts, whose part it is. */
export class RetiredFlows {
  readonly #flows = new Map<string, FlowStats>();
  readonly #endpoints = new Map<string, EndpointStats>();
  #usage: WorkerUsage | undefined;

  add({ flows = [], endpoints, usage }: WorkerStats): void {
    for (const flow of flows) {
      const key = compoundKey(flow.service, flow.version);
      const before = this.#flows.get(key);
      const sums = before === undefined ? flow : addedFlows(before, flow);
      this.#flows.set(key, { ...flow, ...sums, connections: 0, idle: 0, pending: 0 });
    }
    for (const endpoint of endpoints) this.#addEndpoint(endpoint);
    if (usage !== undefined) this.#usage = addedUsage(this.#usage ?? NO_USAGE, usage);
  }

  /** As those of a worker that has nothing open. */
  get stats(): Pick<WorkerStats, "flows" | "endpoints"> & { readonly usage?: WorkerUsage } {
    return {
      flows: [...this.#flows.values()],
      endpoints: [...this.#endpoints.values()],
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
    };
  }

  /** Nothing was counted. */
  get isEmpty(): boolean {
    return this.#flows.size === 0 && this.#endpoints.size === 0;
  }

  #addEndpoint({ service, version, address, attempts = [0, 0] }: EndpointStats): void {
    if (attempts[0] + attempts[1] === 0) return;
    const key = compoundKey(service, version, address);
    const [wells, bads] = this.#endpoints.get(key)?.attempts ?? [0, 0];
    const sums = [wells + attempts[0], bads + attempts[1]] as const;
    this.#endpoints.delete(key);
    const nothing = { inFlight: 0, idleConnections: 0, ejectedForMs: 0 };
    this.#endpoints.set(key, { service, version, address, ...nothing, attempts: sums });
    if (this.#endpoints.size <= ENDPOINTS_MAX) return;
    const [oldest = ""] = this.#endpoints.keys();
    this.#endpoints.delete(oldest);
  }
}

/** A worker that is gone takes no memory any more. */
function addedUsage(before: WorkerUsage, { cpuSeconds, loopDelay }: WorkerUsage): WorkerUsage {
  return {
    cpuSeconds: before.cpuSeconds + cpuSeconds,
    residentBytes: 0,
    loopDelay: {
      delays: addedBuckets(before.loopDelay.delays, loopDelay.delays),
      sumMs: before.loopDelay.sumMs + loopDelay.sumMs,
    },
  };
}
