import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { Audit } from "../../../control/records/audit.ts";
import type { AuditEntry } from "../../../control/records/audit-entry.ts";
import { Events } from "../../../control/records/events.ts";
import { FilterFiles } from "../../../control/filters/filter-files.ts";
import { FilterSink } from "../../../control/filters/filter-sink.ts";
import type { FilteringWorkers } from "../../../control/filters/filter-sink.ts";
import { RunningFilters } from "../../../control/filters/running-filters.ts";
import { WorkerError } from "../../../control/base/errors.ts";
import { briefWorker, tellWorker } from "../../../control/workers/tell-worker.ts";
import { Briefing } from "../../../control/workers/briefing.ts";
import type { ComingFilters } from "../../../control/workers/briefing.ts";
import type { FilterRefusalReport } from "../../../proxy/table/filter-spec.ts";
import type { FilterWrite } from "../../../control/table/table-sink.ts";
import type { Log, LogFields } from "../../../proxy/base/log.ts";
import { systemClock } from "../../../proxy/base/clock.ts";
import type { FilterHooks } from "../../../proxy/filters/filter-module.ts";
import type {
  FilterSnapshot,
  ServiceSnapshot,
  TableChange,
} from "../../../proxy/table/snapshot.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { FakeLoader, filterSnapshot } from "../../proxy/filters/filter-fixture.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";
import { FakeWorker } from "./fake-worker.ts";

const WRITE: FilterWrite = { context: { actor: "local", reason: "why", ifMatch: "*" } };

const version = (name: string, hooks: FilterHooks = {}): object => ({
  version: name,
  readsState: ["1", "2"],
  create: () => hooks,
});

/** Modules by the text of their file; `bad` is not among them. */
let loader: FakeLoader;
let folder: string;
let workers: FakeWorker[];
let running: RunningFilters;
let sink: FilterSink;
let audit: Audit;
let events: Events;
/** Errors that were logged: the event and the reason. */
let errors: string[];
let log: Log;
/** Starts a worker beside the others. */
let brief: (worker: FakeWorker) => Promise<void>;

beforeEach(async () => {
  loader = new FakeLoader({ one: version("1"), two: version("2") });
  folder = await temporaryFolder();
  workers = [new FakeWorker(1, loader), new FakeWorker(2, loader)];
  errors = [];
  const error = (event: string, fields?: LogFields): void => {
    errors.push(`${event} ${String(fields?.["reason"] ?? fields?.["services"])}`);
  };
  log = { info: () => undefined, warn: () => undefined, error };
  const briefing = new Briefing();
  running = new RunningFilters(briefing);
  audit = await Audit.open({ clock: fixedClock });
  events = new Events(fixedClock);
  const told: FilteringWorkers = {
    get serving() {
      return workers.filter(({ onTrial }) => !onTrial).map(({ process: each }) => each);
    },
    tell: tellAll,
  };
  const files = new FilterFiles(folder, ["."]);
  const deps = { briefing, running, files, audit, events, log, clock: systemClock };
  sink = new FilterSink({ ...deps, workers: told });
  await file("f", "one");
  brief = async (worker) => {
    workers.push(worker);
    await briefWorker(worker.process, briefing, log);
  };
  for (const { asked } of workers) asked.length = 0;
});

/** As Workers does: whoever ends meanwhile is no failure. */
async function tellAll(
  table: TableChange,
  filters?: ComingFilters,
): Promise<readonly FilterRefusalReport[]> {
  const refusals: FilterRefusalReport[] = [];
  const tell = async (worker: FakeWorker): Promise<void> => {
    refusals.push(...(await tellWorker(worker.process, table, filters, log)));
  };
  await Promise.all(
    workers.map((worker) =>
      tell(worker).catch((reason: unknown) => {
        if (!worker.gone) throw reason;
      }),
    ),
  );
  return refusals;
}

async function file(name: string, text: string): Promise<void> {
  await writeFile(join(folder, `${name}.ts`), text);
}

function service(filters: readonly FilterSnapshot[], name = "web"): ServiceSnapshot {
  return serviceSnapshot({ v1: 1 }, { name, filters });
}

function change(...replace: readonly ServiceSnapshot[]): TableChange {
  return { revision: 7, replace, remove: [] };
}

/** Prepares a change and applies it, as a write does. */
async function write(next: TableChange, fresh?: string): Promise<void> {
  const prepared = await sink.prepare(next, { ...WRITE, fresh });
  await sink.apply(next, prepared);
}

/** What runs in each worker. */
function inWorkers(): readonly (readonly string[])[] {
  return workers.map((worker) => worker.running);
}

describe("FilterSink", () => {
  test("a table without filters goes on as it is", async () => {
    await write(change(service([])));
    expect(workers.map(({ asked }) => asked)).toEqual([["table"], ["table"]]);
  });

  test("every worker loads a filter before any has it in force", async () => {
    const next = change(service([filterSnapshot("f")]));
    const prepared = await sink.prepare(next, WRITE);
    expect(workers.map(({ asked }) => asked)).toEqual([["prepareFilters"], ["prepareFilters"]]);
    expect(inWorkers()).toEqual([[], []]);
    await sink.apply(next, prepared);
    expect(inWorkers()).toEqual([["f 1"], ["f 1"]]);
  });

  test("another table leaves filters as they are, whatever their files hold by now", async () => {
    const web = service([filterSnapshot("f")]);
    await write(change(web));
    await file("f", "bad");
    await write(change({ ...web, debug: true }));
    expect(inWorkers()).toEqual([["f 1"], ["f 1"]]);
    expect(workers[0]?.asked).toEqual(["prepareFilters", "table", "table"]);
  });

  test("a fresh filter is what its file holds now; one whose file is the same stays", async () => {
    await file("g", "one");
    await write(change(service([filterSnapshot("f"), filterSnapshot("g")])));
    await file("f", "two");
    await file("g", "two");
    await write(change(), "g");
    expect(inWorkers()).toEqual([
      ["f 1", "g 2"],
      ["f 1", "g 2"],
    ]);
    await write(change(), "*");
    expect(inWorkers()[0]).toEqual(["f 2", "g 2"]);
    const asked = workers[0]?.asked.length;
    expect(await sink.prepare(change(), { ...WRITE, fresh: "*" })).toBeUndefined();
    expect(workers[0]?.asked.length).toBe(asked);
  });

  test("what one worker refuses none has, and the error says why", async () => {
    await write(change(service([filterSnapshot("f")])));
    await file("f", "bad");
    await expect(sink.prepare(change(), { ...WRITE, fresh: "f" })).rejects.toMatchObject({
      code: "filter_refused",
      status: 422,
      message: "Cannot use filter f of web: cannot load the module: Unexpected token",
    });
    // The second worker was not even asked.
    expect(workers.map(({ asked }) => asked.length)).toEqual([3, 2]);
    expect(inWorkers()).toEqual([["f 1"], ["f 1"]]);
  });

  test("a file that cannot be read is refused", async () => {
    const prepared = sink.prepare(change(service([filterSnapshot("none")])), WRITE);
    await expect(prepared).rejects.toThrow(
      /^Cannot use filter none of web: cannot read .\/none.ts/,
    );
  });

  test("a module that ends its worker is refused, and no other worker loads it", async () => {
    const [first, second] = workers;
    if (first === undefined) throw new Error("There is no worker");
    first.answer = () => {
      first.gone = true;
      return Promise.reject(new WorkerError("worker 1 ended (1)"));
    };
    const prepared = sink.prepare(change(service([filterSnapshot("f")])), WRITE);
    await expect(prepared).rejects.toThrow(
      "Cannot use the filters of web: worker 1 ended when it loaded them",
    );
    expect(second?.asked).toEqual([]);
  });

  test("a worker that does not answer is ended, so that another takes its place", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const ended = once(child, "exit");
    const stuck = new FakeWorker(child.pid ?? 0, loader);
    stuck.answer = () => Promise.reject(new WorkerError("worker did not answer in time"));
    workers = [stuck];
    const prepared = sink.prepare(change(service([filterSnapshot("f")])), WRITE);
    await expect(prepared).rejects.toMatchObject({ code: "filter_refused" });
    expect(await ended).toEqual([null, "SIGKILL"]);
    expect(errors[0]).toMatch(/^worker.stuck .*did not answer in time/);
  });

  test("a filter that cannot take over in one worker goes back in all, table kept", async () => {
    await write(change(service([filterSnapshot("f")])));
    await file("f", "two");
    const next = change(service([filterSnapshot("f")]), service([], "shop"));
    const prepared = await sink.prepare(next, { ...WRITE, fresh: "f" });
    const [, second] = workers;
    if (second === undefined) throw new Error("There is no second worker");
    const refusals = [{ service: "web", filter: "f", reason: "not now" }];
    second.answer = ({ kind }) =>
      kind === "table" ? Promise.resolve({ kind: "filters", id: 0, refusals }) : undefined;
    await expect(sink.apply(next, prepared)).rejects.toThrow("Cannot use filter f of web: not now");
    expect(inWorkers()).toEqual([["f 1"], ["f 1"]]);
    expect(running.specs("web")[0]?.code).toMatchObject({ text: "one" });
    expect(errors).toEqual(["filters.reverted web"]);
    second.answer = undefined;
    await write(change(), "f");
    expect(inWorkers()).toEqual([["f 2"], ["f 2"]]);
  });

  test("a worker that starts later is told all filters before the table", async () => {
    await write(change(service([filterSnapshot("f")])));
    // What is on disk by then does not matter: all workers run the same code.
    await file("f", "two");
    const late = new FakeWorker(3, loader);
    await brief(late);
    expect(late.asked).toEqual(["prepareFilters", "table"]);
    expect(late.running).toEqual(["f 1"]);
  });

  test("a worker that started between the two phases has the new filters too", async () => {
    await write(change(service([filterSnapshot("f")])));
    await file("f", "two");
    const prepared = await sink.prepare(change(), { ...WRITE, fresh: "f" });
    const late = new FakeWorker(3, loader);
    await brief(late);
    expect(late.running).toEqual(["f 1"]);
    await sink.apply(change(), prepared);
    expect(inWorkers()).toEqual([["f 2"], ["f 2"], ["f 2"]]);
  });

  test("a worker on trial is told with the table, and nobody waits for what it loads", async () => {
    const trial = new FakeWorker(3, loader);
    trial.onTrial = true;
    await brief(trial);
    await write(change(service([filterSnapshot("f")])));
    expect(trial.asked).toEqual(["table", "prepareFilters", "table"]);
    expect(trial.running).toEqual(["f 1"]);
  });

  test("a table from elsewhere applies though a filter is refused: the old one stays", async () => {
    await write(change(service([filterSnapshot("f")])));
    await file("g", "two");
    const other = service([filterSnapshot("g")], "shop");
    await sink.apply(change(service([filterSnapshot("none")]), other));
    expect(inWorkers()).toEqual([
      ["f 1", "g 2"],
      ["f 1", "g 2"],
    ]);
    expect(errors).toEqual([expect.stringMatching(/^filter.refused cannot read .\/none.ts/)]);
    expect(events.since(0).map(({ kind, filter }) => [kind, filter])).toEqual([
      ["filter", "f"],
      ["filter-refused", "none"],
      ["filter", "g"],
    ]);
    // It is tried again with the next table of the service, and then it is there.
    await file("none", "two");
    await sink.apply(change(service([filterSnapshot("none")])));
    expect(inWorkers()[0]?.toSorted()).toEqual(["g 2", "none 2"]);
  });

  test("a service that has no filters yet gets stand-ins for those that are refused", async () => {
    await sink.apply(change(service([filterSnapshot("f"), filterSnapshot("none")])));
    expect(inWorkers()).toEqual([
      ["f 1", "none "],
      ["f 1", "none "],
    ]);
  });

  test("a service that is gone leaves nothing behind for workers that start later", async () => {
    await write(change(service([filterSnapshot("f")])));
    await sink.apply({ revision: 8, replace: [], remove: ["web"] });
    expect([running.services, running.specs("web")]).toEqual([[], []]);
    const late = new FakeWorker(3, loader);
    await brief(late);
    expect(late.asked).toEqual(["table"]);
  });

  test("code is in the audit log before it can run, also if it is refused then", async () => {
    const seen: Promise<readonly AuditEntry[]>[] = [];
    const create = (): FilterHooks => {
      seen.push(audit.list({ limit: 10, since: 0 }));
      throw new Error("no");
    };
    loader = new FakeLoader({ one: { version: "1", create } });
    workers = [new FakeWorker(1, loader)];
    await expect(write(change(service([filterSnapshot("f")])))).rejects.toThrow("no");
    await sink.apply(change(service([filterSnapshot("f")])));
    const [first = []] = await Promise.all(seen);
    expect(first).toMatchObject([
      { action: "filter-load", actor: "local", service: "web", after: { module: "./f.ts" } },
    ]);
    const entries = await audit.list({ limit: 10, since: 0 });
    expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
      ["filter-load", "local"],
      ["filter-load", "table"],
    ]);
  });

  test("who put which code in force is in the audit log, and told as an event", async () => {
    await write(change(service([filterSnapshot("f")])));
    const [first] = running.specs("web");
    await file("f", "two");
    await write(change(), "f");
    const [second] = running.specs("web");
    await write(change(service([])));
    const named = (spec: typeof first): object => ({
      filter: "f",
      module: "./f.ts",
      hash: spec?.code.kind === "code" && spec.code.hash,
    });
    const all = await audit.list({ limit: 10, since: 0 });
    const entries = all.filter(({ action }) => action === "filter");
    expect(
      entries.map(({ action, actor, reason, revision }) => [action, actor, reason, revision]),
    ).toEqual(Array.from({ length: 3 }, () => ["filter", "local", "why", 7]));
    expect(entries.map(({ before, after }) => [before, after])).toEqual([
      [undefined, named(first)],
      [named(first), named(second)],
      [named(second), undefined],
    ]);
    expect(events.since(0).map(({ kind, service: of, filter }) => [kind, of, filter])).toEqual(
      Array.from({ length: 3 }, () => ["filter", "web", "f"]),
    );
  });
});
