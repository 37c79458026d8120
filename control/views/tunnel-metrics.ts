import type { Registry } from "prom-client";
import { TUNNEL_OUTCOMES } from "../../proxy/metrics/stats.ts";
import { TUNNEL_DURATION_DIVISOR } from "../../proxy/metrics/tunnel-counters.ts";
import { denseBuckets } from "./flow-totals.ts";
import { addHistogram } from "./folded-histogram.ts";
import { addCounter } from "./metric-series.ts";
import type { VersionPlace } from "./metric-series.ts";
import type { WorkerTotals } from "./worker-totals.ts";

/**
 * What is told of tunnels. Most versions never have any, and a histogram is long, so nothing is
 * told of a version before its first.
 */
export function addTunnels(
  registry: Registry,
  totals: WorkerTotals,
  versions: readonly { readonly labels: VersionPlace }[],
): void {
  const all = versions.flatMap(({ labels }) => {
    const counts = totals.tunnels(labels.service, labels.version);
    return counts === undefined ? [] : [{ labels, counts }];
  });
  addCounter(
    registry,
    "sluice_tunnels_total",
    "Tunnels that have ended, by how",
    all.flatMap(({ labels, counts }) =>
      TUNNEL_OUTCOMES.map(
        (outcome, index) => [{ ...labels, outcome }, counts.outcomes[index] ?? 0] as const,
      ),
    ),
  );
  addCounter(
    registry,
    "sluice_tunnel_bytes_total",
    "Bytes through tunnels; in: from clients, out: to them",
    all.flatMap(({ labels, counts }) => [
      [{ ...labels, direction: "in" }, counts.bytesIn] as const,
      [{ ...labels, direction: "out" }, counts.bytesOut] as const,
    ]),
  );
  addCounter(
    registry,
    "sluice_tcp_failures_total",
    "TCP connections that got no endpoint, by reason",
    all.flatMap(({ labels, counts }) =>
      Object.entries(counts.failures).map(
        ([reason, count]) => [{ ...labels, reason }, count] as const,
      ),
    ),
  );
  addHistogram(
    registry,
    "sluice_tunnel_duration_seconds",
    "How long tunnels lasted that have ended",
    all.map(({ labels, counts }) => ({
      labels,
      counts: denseBuckets(counts.durations),
      sumMs: counts.durationSumMs,
      divisor: TUNNEL_DURATION_DIVISOR,
    })),
  );
}
