import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { CertificateFacts } from "../../../control/tls/certificate-facts.ts";
import { processMetrics } from "../../../control/views/process-metrics.ts";
import { renderMetrics } from "../../../control/views/metrics.ts";
import type { MetricsSource } from "../../../control/views/metrics.ts";
import { WorkerTotals } from "../../../control/views/worker-totals.ts";
import { BUCKET_COUNT, bucketUpperMs } from "../../../proxy/metrics/histogram.ts";
import type { WorkerStats } from "../../../proxy/metrics/stats.ts";
import { filterSnapshot } from "../../proxy/filters/filter-fixture.ts";
import { startApi } from "../../support/running-api.ts";
import { oneWorker } from "../../support/worker-stats.ts";

const FACTS: CertificateFacts = {
  subject: "CN=a",
  issuer: "CN=b",
  notBeforeMs: 0,
  notAfterMs: 1_767_225_600_500,
  fingerprint: "00",
};

async function sourceOf(
  workers: readonly WorkerStats[],
  instead: Partial<MetricsSource> = {},
): Promise<MetricsSource> {
  await using api = await startApi();
  return {
    totals: new WorkerTotals(workers),
    services: [{ ...api.services.snapshot("web"), filters: [filterSnapshot("headers")] }],
    revision: 7,
    certificates: [
      { id: "file:a.pem", facts: FACTS },
      { id: "file:b.pem", facts: undefined },
    ],
    workerRestarts: 3,
    registryStalenessMs: 1_500,
    rollouts: [
      {
        service: "web",
        phase: "paused",
        phases: ["progressing", "paused"],
        share: 0.25,
        seen: { evidence: 0.5, failures: 3 },
      },
    ],
    apiCalls: new Map([["wrong", 4]]),
    spans: { exported: 12, dropped: 2 },
    tableRefusals: new Map([["forged", 2]]),
    hasFineBuckets: false,
    workers: 2,
    descriptors: 30,
    sidecar: {
      isReady: true,
      isDraining: false,
      configReadMs: 1_767_225_600_500,
      isConfigRead: false,
      migrations: [
        {
          service: "web",
          version: "v2",
          isStopped: true,
          left: { tunnel: 5, exchange: 1 },
          closed: 7,
        },
      ],
    },
    version: "1.2.3",
    ...instead,
  };
}

async function rendered(
  workers: readonly WorkerStats[],
  instead?: Partial<MetricsSource>,
): Promise<string> {
  const source = await sourceOf(workers, instead);
  return (await renderMetrics(source, async () => undefined)).join("");
}

/** Values by series, as they are written. */
function seriesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** Each metric's labels, in alphabetical order, without the `le` that every histogram has. */
function labelsByMetric(text: string): Record<string, string[]> {
  const names = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name = ""]) => name);
  const labels = new Map(names.map((name) => [name, new Set<string>()]));
  for (const series of seriesOf(text).keys()) {
    const name = series.replace(/\{.*/, "").replace(/_(bucket|sum|count)$/, "");
    for (const label of wordsIn(series, /(\w+)="/g)) labels.get(name)?.add(label);
  }
  return Object.fromEntries(
    [...labels].map(([name, set]) => [name, [...set].filter((label) => label !== "le").toSorted()]),
  );
}

/** What the pattern's group matches, each time. */
function wordsIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, word = ""]) => word);
}

test("renderMetrics() and docs/metrics.md name the same metrics with the same labels", async () => {
  const page = await readFile(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
  const documented = [...page.matchAll(/^\| `(sluice_\w+)` \| ?([^|]*)\|/gm)].map(
    ([, name = "", cell = ""]) => [name, wordsIn(cell, /`(\w+)`/g).toSorted()],
  );
  expect(labelsByMetric(await rendered([oneWorker()]))).toEqual(Object.fromEntries(documented));
});

test("renderMetrics() adds the workers up", async () => {
  const series = seriesOf(await rendered([oneWorker(), oneWorker({ ejectedForMs: 1 })]));
  const v1 = 'service="web",version="v1"';
  const wanted = {
    [`sluice_requests_total{${v1},code="0xx"}`]: 2,
    [`sluice_requests_total{${v1},code="2xx"}`]: 200,
    [`sluice_requests_total{${v1},code="5xx"}`]: 8,
    'sluice_requests_total{service="web",version="v2",code="2xx"}': 0,
    [`sluice_attempts_total{${v1},outcome="5xx"}`]: 8,
    [`sluice_retries_total{${v1},crossed="false"}`]: 10,
    [`sluice_retries_total{${v1},crossed="true"}`]: 12,
    [`sluice_ejections_total{${v1}}`]: 2,
    'sluice_connections{kind="h1"}': 10,
    [`sluice_connections{kind="tunnel",${v1}}`]: 2,
    'sluice_rejected_total{reason="bad_host"}': 4,
    'sluice_http2_streams_total{side="client"}': 60,
    'sluice_http2_streams_total{side="endpoint"}': 40,
    'sluice_http2_resets_total{side="client",direction="in"}': 6,
    'sluice_http2_resets_total{side="client",direction="out"}': 4,
    'sluice_http2_resets_total{side="endpoint",direction="in"}': 0,
    'sluice_http2_goaways_total{side="client",direction="out"}': 2,
    'sluice_http2_goaways_total{side="endpoint",direction="in"}': 10,
    [`sluice_grpc_calls_total{${v1},status="OK"}`]: 18,
    [`sluice_grpc_calls_total{${v1},status="UNAVAILABLE"}`]: 8,
    [`sluice_grpc_calls_total{${v1},status="none"}`]: 2,
    'sluice_local_replies_total{service="",error="destination_not_found"}': 2,
    'sluice_local_replies_total{service="web",error="connection_timeout"}': 6,
    'sluice_local_faults_total{code="EMFILE"}': 8,
    [`sluice_weight{${v1},kind="configured"}`]: 90,
    [`sluice_weight{${v1},kind="effective"}`]: 90,
    [`sluice_endpoint_state{${v1},endpoint="10.0.0.5:3000",state="ejected"}`]: 1,
    [`sluice_endpoint_state{${v1},endpoint="10.0.0.5:3000",state="ready"}`]: 0,
    [`sluice_endpoint_state{${v1},endpoint="10.0.0.6:3000",state="ready"}`]: 1,
    'sluice_filter_failures_total{service="web",filter="headers",kind="throw"}': 14,
    'sluice_filter_failures_total{service="web",filter="headers",kind="load"}': 18,
    'sluice_filter_answers_total{service="web",filter="headers"}': 20,
    'sluice_api_auth_total{outcome="wrong"}': 4,
    [`sluice_tunnels_total{${v1},outcome="ok"}`]: 6,
    [`sluice_tunnels_total{${v1},outcome="denied"}`]: 0,
    [`sluice_tunnel_bytes_total{${v1},direction="in"}`]: 1_200,
    [`sluice_tunnel_bytes_total{${v1},direction="out"}`]: 14_000,
    [`sluice_tcp_failures_total{${v1},reason="no-endpoint"}`]: 4,
    [`sluice_tunnel_duration_seconds_count{${v1}}`]: 8,
    [`sluice_tunnel_duration_seconds_sum{${v1}}`]: 1,
    'sluice_rollout_phase{service="web",phase="paused"}': 1,
    'sluice_rollout_phase{service="web",phase="progressing"}': 0,
    'sluice_rollout_share{service="web"}': 0.25,
    'sluice_rollout_evidence{service="web"}': 0.5,
    'sluice_rollout_failures{service="web"}': 3,
    sluice_revision: 7,
    sluice_worker_restarts_total: 3,
  };
  expect(Object.fromEntries([...series].filter(([name]) => name in wanted))).toEqual(wanted);
});

test("renderMetrics() leaves out what the table does not hold", async () => {
  const versions = oneWorker().versions.map((each) => ({ ...each, service: "gone" }));
  const filters = oneWorker().filters.map((each) => ({ ...each, filter: "gone" }));
  const localReplies = [{ service: "gone", errors: { reset: 1 } }];
  const tunnels = oneWorker().tunnels?.map((each) => ({ ...each, service: "gone" }));
  const stray = { ...oneWorker(), versions, filters, tunnels: tunnels ?? [], localReplies };
  expect(await rendered([stray])).not.toContain("gone");
});

test("the histogram's bounds are exact: one value in each worker bucket, none split", async () => {
  const durations = Array.from({ length: BUCKET_COUNT }, (_, bucket) => [bucket, 1] as const);
  const versions = oneWorker().versions.map((each) => ({ ...each, durations }));
  const worker = { ...oneWorker(), versions };
  const series = seriesOf(await rendered([worker]));
  const buckets = [...series].filter(([name]) => /request_\w+_bucket.*"v1"/.test(name));
  expect(buckets).toHaveLength(21);
  for (const [name, count] of buckets) {
    const [le = ""] = wordsIn(name, /le="(.*?)"/g);
    const boundMs = le === "+Inf" ? Infinity : Number(le) * 1000;
    const uppersMs = durations.map(([bucket]) => bucketUpperMs(bucket));
    expect([name, count]).toEqual([name, uppersMs.filter((each) => each <= boundMs).length]);
    expect([name, le === "+Inf" || uppersMs.includes(boundMs)]).toEqual([name, true]);
  }
  const v1 = 'service="web",version="v1"';
  expect(series.get(`sluice_request_duration_seconds_count{${v1}}`)).toBe(BUCKET_COUNT);
  expect(series.get(`sluice_request_duration_seconds_sum{${v1}}`)).toBe(0.025);
});

test("renderMetrics() tells what is full next to how much there may be", async () => {
  const series = seriesOf(await rendered([oneWorker(), oneWorker()]));
  const v1 = 'service="web",version="v1"';
  const wanted = {
    [`sluice_in_flight{${v1}}`]: 6,
    [`sluice_limit{${v1},kind="inFlight"}`]: 2 * 1_024,
    [`sluice_upstream_connections{${v1},state="idle"}`]: 8,
    [`sluice_upstream_connections{${v1},state="busy"}`]: 4,
    [`sluice_pending{${v1}}`]: 2,
    [`sluice_body_bytes_total{${v1},direction="out"}`]: 18_000,
    [`sluice_first_byte_seconds_count{${v1}}`]: 10,
    [`sluice_version_state{${v1},state="ready"}`]: 1,
    [`sluice_version_state{${v1},state="drain"}`]: 0,
    [`sluice_endpoint_attempts_total{${v1},endpoint="10.0.0.5:3000",outcome="failed"}`]: 6,
    sluice_workers_cpu_seconds_total: 3,
    sluice_workers_resident_bytes: 2_000,
    sluice_workers_loop_delay_seconds_count: 18,
    sluice_worker_descriptors_most: 30,
    sluice_ready: 1,
    sluice_draining: 0,
    sluice_config_last_reload_successful: 0,
    sluice_config_last_reload_success_timestamp_seconds: 1_767_225_600.5,
    'sluice_migration_left{service="web",version="v2",kind="tunnel"}': 5,
    'sluice_migration_closed{service="web",version="v2"}': 7,
    'sluice_migration_stopped{service="web",version="v2"}': 1,
  };
  const found = Object.keys(wanted).map((name) => [name, series.get(name)]);
  expect(Object.fromEntries(found)).toEqual(wanted);
});

test("renderMetrics() lets others have their turn, and keeps series together", async () => {
  await using api = await startApi();
  const web = api.services.snapshot("web");
  const names = Array.from({ length: 200 }, (_, at) => `web${at}`);
  let turns = 0;
  const source = {
    ...(await sourceOf([oneWorker()])),
    services: names.map((name) => ({ ...web, name })),
  };
  const text = (await renderMetrics(source, async () => (turns += 1))).join("");
  expect(turns).toBeGreaterThan(20);
  const heads = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
  expect(heads).toEqual([...new Set(heads)]);
  const blocks = text.trimEnd().split("\n\n");
  expect(blocks).toHaveLength(heads.length);
  const requests = blocks.find((each) => each.startsWith("# HELP sluice_retries_total"));
  const seen = [...(requests ?? "").matchAll(/service="(\w+)",version="v1",crossed="true"/g)];
  expect(seen.map(([, name]) => name)).toEqual(names);
});

test("renderMetrics() makes no series up where there is nothing to tell", async () => {
  const none = {
    services: [],
    certificates: [],
    rollouts: [],
    apiCalls: new Map<string, number>(),
  };
  const series = seriesOf(await rendered([oneWorker()], none));
  // A certificate that ended in 1970 would be one that somebody is woken for.
  expect(series.has("sluice_certificate_expiry_timestamp_seconds")).toBe(false);
  expect([...series.keys()].filter((name) => name === "sluice_requests_total")).toEqual([]);
});

/** Why its opinion is not asked. */
const ABSENT = "promtool is not here: Debian has it in the package prometheus";

/** Prometheus' own opinion of a page of metrics. undefined: it is not installed here. */
function promtool(text: string): { readonly status: number; readonly says: string } | undefined {
  const { error, status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
    input: text,
    encoding: "utf8",
  });
  if (error !== undefined) return undefined;
  return { status: status ?? -1, says: stdout + stderr };
}

test("renderMetrics() pleases promtool", async ({ skip }) => {
  const told = promtool((await rendered([oneWorker()])) + (await processMetrics()));
  if (told === undefined)
    process.stderr.write(`\n*** SKIPPED: promtool check metrics: ${ABSENT}\n`);
  skip(told === undefined, ABSENT);
  // These are prom-client's own, and Prometheus' clients of other languages call them so too.
  const ours = told?.says.split("\n").filter((line) => line.includes("sluice_"));
  expect(ours).toEqual([]);
});
