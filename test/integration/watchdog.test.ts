import { expect, test } from "vitest";
import { ASK_INTERVAL_MS, HANG_MS } from "../../control/workers/watchdog.ts";
import { eventually } from "../support/eventually.ts";
import { FilterBench } from "../support/filter-bench.ts";
import { KeptConnection } from "../support/kept-connection.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: a worker that hangs is ended, whether it serves or has been replaced, and clients are
 * served again. Method: a real sidecar with a filter that never returns from one path.
 */

/** Two ticks, on a machine that has other work. */
const ENDED_WITHIN_MS = HANG_MS + 5_000;

/**
 * Says in the log, which is its standard output, that it will never return. It sleeps: a loop would
 * take a processor from all other tests for as long.
 */
const LOOPS = `return {
  request(head: any) {
    if (head.path !== "/loop") return;
    process.stdout.write('{"event":"test.loops"}\\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
};`;

/**
 * Starts a sidecar of one worker and makes the worker hang. Gives its pid, and what the client that
 * did it hears in the end.
 */
async function hang(
  bench: FilterBench,
  origin: VersionOrigin,
): Promise<{ readonly pid: number | undefined; readonly heard: Promise<string> }> {
  const module = await bench.module("loops", LOOPS);
  const filters = [{ module, timeout: 0 }];
  await bench.start({ web: { versions: { v1: { endpoints: [origin.address] } }, filters } });
  expect(await bench.get()).toMatch(/^HTTP\/1.1 200 /);
  const [pid] = bench.sidecar.workerPids();
  const connection = await KeptConnection.open(bench.port);
  const heard = connection.get("web", "/loop").then(
    () => "an answer",
    (error: unknown) => String(error),
  );
  await eventually(() => expect(events(bench)).toContain("test.loops"));
  return { pid, heard };
}

function events(bench: FilterBench): readonly string[] {
  return bench.sidecar.log.map(({ event }) => event);
}

/** Events from the first one on that says that a worker hung, each with the worker it is about. */
function eventsSinceHung(bench: FilterBench): readonly unknown[] {
  const { log } = bench.sidecar;
  const first = events(bench).indexOf("worker.hung");
  return log.slice(first === -1 ? log.length : first).map(({ event, pid }) => [event, pid]);
}

async function restarts(bench: FilterBench): Promise<string | undefined> {
  const text = await (await bench.sidecar.call("GET", "/metrics")).text();
  return /^sluice_worker_restarts_total (\d+)$/m.exec(text)?.[1];
}

test.concurrent("a worker that hangs is ended and replaced, and who waited is served", async () => {
  await using bench = await FilterBench.open();
  using origin = await VersionOrigin.start("v1");
  const { pid, heard } = await hang(bench, origin);
  const startMs = performance.now();
  // Nobody accepts it before the next worker is there.
  const waits = bench.get();
  expect(await heard).toContain("Connection was closed");
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThan(HANG_MS - ASK_INTERVAL_MS);
  expect(tookMs).toBeLessThan(ENDED_WITHIN_MS);
  expect(await waits).toMatch(/^HTTP\/1.1 200 /);
  await eventually(() => expect(bench.sidecar.workerPids()).toHaveLength(1));
  const [next] = bench.sidecar.workerPids();
  expect(eventsSinceHung(bench)).toEqual([
    ["worker.hung", pid],
    ["worker.ended", pid],
    ["worker.started", next],
  ]);
  const hung = bench.sidecar.log.find(({ event }) => event === "worker.hung");
  expect(hung?.["forMs"]).toBeGreaterThan(HANG_MS - ASK_INTERVAL_MS);
  expect(await restarts(bench)).toBe("1");
});

test.concurrent("an old worker that hangs after a swap is ended, and is no restart", async () => {
  await using bench = await FilterBench.open();
  using origin = await VersionOrigin.start("v1");
  const { pid, heard } = await hang(bench, origin);
  const swap = await bench.sidecar.call("POST", "/v1/workers/swap", { trial: "100ms" });
  expect(swap.status).toBe(200);
  expect(await bench.get()).toMatch(/^HTTP\/1.1 200 /);
  expect(await heard).toContain("Connection was closed");
  await eventually(() =>
    expect(eventsSinceHung(bench)).toEqual([
      ["worker.hung", pid],
      ["worker.retired", pid],
    ]),
  );
  expect(await restarts(bench)).toBe("0");
});
