import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { z } from "zod";
import type { Api, ApiDeps } from "./deps.ts";
import { problemResponses } from "./problem.ts";
import { rolloutMetrics } from "../rollout/rollout-view.ts";
import type { ServiceSnapshot } from "../../proxy/table/snapshot.ts";
import type { MetricsSource } from "../views/metrics.ts";
import type { SidecarMetrics } from "../views/sidecar-metrics.ts";
import { mostDescriptors } from "../workers/open-descriptors.ts";
import { knownTotals } from "./worker-stats.ts";

/** The content type of Prometheus' text format. */
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** `GET /metrics`, for Prometheus. `textNow`: see metricsText(). */
export function metricsRoute(api: Api, textNow: () => Promise<readonly string[]>): void {
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
      const pieces = await textNow();
      // Fastify sends a stream as it is; the schema says what is in it.
      const text: unknown = Readable.from(pieces);
      return reply.type(METRICS_TYPE).send(text as string);
    },
  );
}

/** Asks the workers, and writes all metrics, in pieces. @throws ControlError stats_unavailable */
export async function metricsText(deps: ApiDeps): Promise<readonly string[]> {
  const { services, workers, registry, certificates, rollouts, calls, clock, build } = deps;
  const totals = await knownTotals(workers, clock);
  // Loaded for the first scrape: a sidecar at rest does not need prom-client.
  const { renderMetrics } = await import("../views/metrics.ts");
  const { processMetrics } = await import("../views/process-metrics.ts");
  const known = services.names().map((name) => services.shown(name).snapshot);
  const source: MetricsSource = {
    totals,
    services: known,
    revision: services.revision,
    certificates: certificates.status(),
    workerRestarts: workers.restarts,
    registryStalenessMs: registry?.stalenessMs(),
    tableRefusals: registry?.shared?.store.refusals,
    rollouts: rollouts.latest().map((each) => rolloutMetrics(each, rollouts.live(each.id))),
    apiCalls: calls.counts,
    spans: deps.spans.counts,
    hasFineBuckets: deps.hasFineBuckets,
    workers: workers.pids.length,
    descriptors: await mostDescriptors(workers.pids),
    sidecar: sidecarMetrics(deps, known),
    version: build.version,
  };
  return [...(await renderMetrics(source, nextTurn)), await processMetrics()];
}

function sidecarMetrics(
  { sidecar, migrations }: Pick<ApiDeps, "sidecar" | "migrations">,
  services: readonly ServiceSnapshot[],
): SidecarMetrics {
  const { lastSuccessMs, isSuccessful } = sidecar.reloads;
  return {
    isReady: sidecar.ready.ok,
    isDraining: sidecar.draining,
    configReadMs: lastSuccessMs,
    isConfigRead: isSuccessful,
    migrations: services.flatMap(({ name: service, versions }) =>
      versions.flatMap(({ name: version }) => {
        const view = migrations.view({ service, version });
        if (view === undefined) return [];
        const { left, closed, state } = view;
        return [{ service, version, left, closed, isStopped: state === "stopped" }];
      }),
    ),
  };
}
