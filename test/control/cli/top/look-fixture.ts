import type { Look } from "../../../../control/cli/top/look.ts";
import type { ServiceView } from "../../../../control/views/service-view.ts";
import type { ServiceTraffic } from "../../../../control/views/traffic-stats.ts";

const endpoint = {
  address: "10.0.0.5:3000",
  weight: 1,
  state: "ready",
  healthy: true,
  panic: false,
  ejectedBy: 0,
  ejectedForMs: 0,
  inFlight: 0,
  idleConnections: 0,
} as const;

/** A service whose v1 is stable and has 90 %, and whose v2 has 10 %. */
export function lookedService(name: string, more: Partial<ServiceView> = {}): ServiceView {
  const version = {
    state: "ready",
    panicBy: 0,
    limit: 1_024,
    waiting: 0,
    exchangesOpen: 0,
    tunnelsOpen: 0,
  } as const;
  const weights = { v1: 90, v2: 10 };
  return {
    name,
    kind: "http",
    hosts: [name],
    stable: "v1",
    weights,
    shares: { v1: 0.9, v2: 0.1 },
    effectiveWeights: weights,
    shed: 0,
    versions: {
      v1: { ...version, endpoints: [endpoint, { ...endpoint, address: "10.0.0.6:3000" }] },
      v2: { ...version, endpoints: [{ ...endpoint, address: "10.0.0.7:3000" }] },
    },
    ...more,
  };
}

/** So many requests a second, most of them at v1. */
export function lookedTraffic(rate: number, errors = 0): ServiceTraffic {
  const one = { errors: 0, p50Ms: 1.8, p95Ms: 7.2, p99Ms: 16.4, open: 1, tunnels: 10 };
  return {
    ...one,
    rate,
    errors,
    open: 3,
    tunnels: 12,
    unserved: 0,
    versions: {
      v1: { ...one, rate: rate * 0.9, failures: 0 },
      v2: { ...one, rate: rate * 0.1, errors: errors * 10, failures: 0 },
    },
  };
}

/** A look at `shop` with traffic and `api` without, except for what a test is about. */
export function lookAt(more: Partial<Look> = {}): Look {
  return {
    api: "http://127.0.0.1:9180",
    revision: 7,
    services: [lookedService("shop"), lookedService("api")],
    stats: {
      time: "2026-11-29T23:12:05.120Z",
      revision: 7,
      windowMs: 10_000,
      services: { shop: lookedTraffic(186.4, 0.001) },
    },
    isReady: true,
    problems: [],
    rollouts: [],
    ...more,
  };
}
