import { afterEach, beforeEach, expect, test } from "vitest";
import type { AuditEntry } from "../../control/records/audit-entry.ts";
import { eventually } from "../support/eventually.ts";
import { COUNTING, FilterBench } from "../support/filter-bench.ts";
import { replaceFilterUnderLoad } from "../support/filter-replacements.ts";
import { refusedRun } from "../support/run-sluice.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: filters are replaced under traffic that notices nothing, and what cannot be used changes
 * nothing. Method: a real sidecar whose modules are rewritten while requests run.
 */

/** Replacements under load; test/soak has more of them. */
const REPLACEMENTS = 100;

let bench: FilterBench;
let origin: VersionOrigin;

beforeEach(async () => {
  bench = await FilterBench.open();
  origin = await VersionOrigin.start("v1");
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  origin[Symbol.dispose]();
});

/** A service `web` with these filters. */
function web(...filters: readonly object[]): object {
  return { web: { versions: { v1: { endpoints: [origin.address] } }, filters } };
}

test(`a filter replaced ${REPLACEMENTS} times under load fails no request, counts on`, () =>
  replaceFilterUnderLoad(bench, origin.address, REPLACEMENTS));

test("a filter that is refused leaves the old one in every worker, whatever is wrong", async () => {
  const module = await bench.module("seen", COUNTING);
  await bench.start(web({ module, timeout: 0 }), { workers: 2 });
  await bench.get();
  await bench.get();
  const refusals: readonly [string, () => Promise<string>][] = [
    ["cannot load the module: ", () => bench.module("seen", "if (")],
    ["cannot make the filter: boom", () => bench.module("seen", `throw new Error("boom");`)],
    ["check() gave false", () => bench.module("seen", "return { check: () => false };")],
    [
      'wanted "1" in readsState of version 3, found nothing',
      () => bench.module("seen", COUNTING, { version: "3" }),
    ],
    ["ended when it loaded them", () => bench.module("seen", "process.exit(1);", { version: "4" })],
  ];
  for (const [why, write] of refusals) {
    await write();
    const problem = await bench.put("seen");
    expect(problem).toMatchObject({ status: 422, code: "filter_refused" });
    expect(problem["detail"]).toContain(why);
  }
  const outside = await bench.put("seen", { module: import.meta.filename });
  expect(outside).toMatchObject({ status: 422, code: "filter_refused" });
  await eventually(() => expect(bench.sidecar.workerPids()).toHaveLength(2));
  expect(await bench.get()).toMatch(/\r\nx-seen-by: 1\r\n/);
  expect(await bench.views()).toMatchObject([{ version: "1", inForce: true }]);
  const audit = await (await bench.sidecar.call("GET", "/v1/audit")).json();
  const { entries } = audit as { readonly entries: readonly AuditEntry[] };
  // It is known what was loaded, and that nothing came of it.
  const loads = entries.filter(({ actor }) => actor !== "table");
  expect(loads.map(({ action }) => action)).toEqual(refusals.map(() => "filter-load"));
});

test("a reload follows changed files and options, and refuses broken ones as a whole", async () => {
  const module = await bench.module("seen", COUNTING);
  const configured = (options: object): Promise<void> =>
    bench.sidecar.writeConfig({
      control: bench.control,
      services: web({ module, options, timeout: 0 }),
    });
  const reload = async (): Promise<unknown> =>
    (await bench.sidecar.call("POST", "/v1/reload")).json();
  await bench.start(web({ module, timeout: 0 }));
  await bench.get();
  await bench.module("seen", COUNTING, { version: "2", readsState: ["1"] });
  await configured({});
  await reload();
  expect(await bench.get("/count")).toMatch(/2: 1$/);
  await bench.module("seen", "return 1;");
  await configured({ a: 1 });
  expect(await reload()).toMatchObject({ status: 422, code: "filter_refused" });
  expect(await bench.get("/count")).toMatch(/2: 1$/);
  const document = (await (await bench.sidecar.call("GET", "/v1/services/web")).json()) as object;
  expect(document).toMatchObject({ document: { filters: [{ options: {} }] } });
  await bench.module("seen", COUNTING, { version: "3", readsState: ["2"] });
  await reload();
  expect(await bench.get("/count")).toMatch(/3: 1$/);
});

test("workers that replace dead or swapped ones have the filters before they accept", async () => {
  const module = await bench.module("seen", COUNTING);
  await bench.start(web({ module, onError: "closed", timeout: 0 }));
  // What is on disk by then is not what runs.
  await bench.module("seen", "throw new Error('of no use');");
  const [pid = 0] = bench.sidecar.workerPids();
  process.kill(pid, "SIGKILL");
  await eventually(() => expect(bench.sidecar.workerPids()).not.toContain(pid));
  // The listening socket stays open: whoever comes in the meantime waits for the next worker.
  expect(await bench.get()).toMatch(/^HTTP\/1.1 200 .*\r\nx-seen-by: 1\r\n/s);
  const swap = await bench.sidecar.call("POST", "/v1/workers/swap", { trial: "100ms" });
  expect(swap.status).toBe(200);
  expect(await bench.get()).toMatch(/^HTTP\/1.1 200 .*\r\nx-seen-by: 1\r\n/s);
  expect(await bench.views()).toMatchObject([{ version: "1", inForce: true }]);
  expect(bench.sidecar.log.filter(({ event }) => event === "filter.refused")).toEqual([]);
});

test("a sidecar does not start if its file names a filter that cannot be used", async () => {
  const module = await bench.module("broken", "throw new Error('not here');");
  const { status, log } = await refusedRun({ control: bench.control, services: web({ module }) });
  expect(status).toBe(1);
  const said = log.find(({ event }) => event === "sidecar.failed");
  expect(said?.["message"]).toBe(
    "Cannot use filter broken of web: cannot make the filter: not here",
  );
});
