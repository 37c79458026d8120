import { z } from "zod";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { rolloutMetrics } from "../rollout/rollout-view.ts";
import { knownTotals } from "./worker-stats.ts";

/** The content type of Prometheus' text format. */
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** `GET /metrics`, for Prometheus. `textNow`: see metricsText(). */
export function metricsRoute(api: Api, textNow: () => Promise<string>): void {
  api.get(
    "/metrics",
    {
      config: { role: "read" },
      schema: {
        summary: "Metrics in Prometheus' text format",
        description: "503 if a worker does not answer, because a counter must not seem to go back.",
        response: {
          200: { description: "The metrics", content: { "text/plain": { schema: z.string() } } },
          ...problemResponses(503),
        },
      },
    },
    async (_request, reply) => {
      const text = await textNow();
      return reply.type(METRICS_TYPE).serializer(String).send(text);
    },
  );
}

/** Asks the workers, and writes all metrics. @throws ControlError stats_unavailable */
export async function metricsText(deps: ApiDeps): Promise<string> {
  const { services, workers, registry, certificates, rollouts, calls, clock, build } = deps;
  const totals = await knownTotals(workers, clock);
  // Loaded for the first scrape: a sidecar at rest does not need prom-client.
  const { renderMetrics } = await import("../views/metrics.ts");
  return renderMetrics({
    totals,
    services: services.names().map((name) => services.shown(name).snapshot),
    revision: services.revision,
    certificates: certificates.status(),
    workerRestarts: workers.restarts,
    registryStalenessMs: registry?.stalenessMs(),
    tableRefusals: registry?.shared?.store.refusals,
    rollouts: rollouts.latest().map((each) => rolloutMetrics(each, rollouts.live(each.id))),
    apiCalls: calls.counts,
    version: build.version,
  });
}
