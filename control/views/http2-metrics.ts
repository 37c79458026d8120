import type { Registry } from "prom-client";
import { GRPC_STATUSES } from "../../proxy/grpc/status.ts";
import type { Http2Side } from "../../proxy/metrics/stats.ts";
import { addCounter } from "./metric-series.ts";
import type { VersionPlace } from "./metric-series.ts";
import type { WorkerTotals } from "./worker-totals.ts";

const SIDES: readonly Http2Side[] = ["client", "endpoint"];

/** Behind all statuses come calls that ended without one that gRPC knows. */
const ENDS = [...GRPC_STATUSES, "none"] as const;

/** Adds what is told of connections of HTTP/2. */
export function addHttp2(registry: Registry, totals: WorkerTotals): void {
  const counted = (side: Http2Side, name: string): number => totals.http2(side).get(name) ?? 0;
  const bothWays = (sent: string, received: string) =>
    SIDES.flatMap((side) => [
      [{ side, direction: "out" }, counted(side, sent)] as const,
      [{ side, direction: "in" }, counted(side, received)] as const,
    ]);
  addCounter(
    registry,
    "sluice_http2_streams_total",
    "Streams of HTTP/2 that were begun, by who is at the other end",
    SIDES.map((side) => [{ side }, counted(side, "streams")] as const),
  );
  addCounter(
    registry,
    "sluice_http2_resets_total",
    "RST_STREAM frames that came (in) or were sent (out), by who is at the other end",
    bothWays("resetsSent", "resetsReceived"),
  );
  addCounter(
    registry,
    "sluice_http2_goaways_total",
    "GOAWAY frames, as sluice_http2_resets_total",
    bothWays("goAwaysSent", "goAwaysReceived"),
  );
}

/** Adds what is told of calls of gRPC at versions that had any. */
export function addCalls(
  registry: Registry,
  totals: WorkerTotals,
  versions: readonly { readonly labels: VersionPlace }[],
): void {
  addCounter(
    registry,
    "sluice_grpc_calls_total",
    "Calls of gRPC that have ended, by status; none: without one",
    versions.flatMap(({ labels }) => {
      const calls = totals.calls(labels.service, labels.version);
      return calls.map(
        (count, index) => [{ ...labels, status: ENDS[index] ?? "none" }, count] as const,
      );
    }),
  );
}
