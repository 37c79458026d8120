import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Audit } from "../../../control/records/audit.ts";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { FilterRefusedError } from "../../../control/base/errors.ts";
import { Events } from "../../../control/records/events.ts";
import type { PreparedFilters } from "../../../control/filters/running-filters.ts";
import { Services } from "../../../control/table/services.ts";
import { MemoryStore } from "../../../control/store/memory-store.ts";
import type { StoredTable } from "../../../control/store/store.ts";
import type { TableSink } from "../../../control/table/table-sink.ts";
import { fixedClock as clock } from "../../support/fixed-clock.ts";
import { ANY, at } from "../../support/started-services.ts";

const web: ServiceDocument = {
  versions: { v1: { endpoints: ["a:1"] } },
  filters: [{ module: "./f.ts" }],
};

const PREPARED: PreparedFilters = {
  number: 1,
  chains: new Map(),
  workers: new Set(),
  write: undefined,
};

/** What happened, in order: prepare with what is fresh, save and apply with their revisions. */
const steps: string[] = [];
/** What the next prepare() does. */
let prepare: () => PreparedFilters | undefined = () => PREPARED;
/** Thrown by the next apply(). */
let fails: Error | undefined;

const sink: TableSink = {
  prepare: async ({ replace }, write) => {
    steps.push(`prepare ${replace.length} fresh ${write?.fresh ?? "none"}`);
    return prepare();
  },
  apply: async ({ revision }, prepared) => {
    const thrown = fails;
    fails = undefined;
    steps.push(`apply ${revision} ${prepared === PREPARED ? "with filters" : "alone"}`);
    if (thrown !== undefined) throw thrown;
  },
};

class NotedStore extends MemoryStore {
  override async save(next: StoredTable, expectedRevision: number): Promise<void> {
    await super.save(next, expectedRevision);
    steps.push(`save ${next.revision}`);
  }
}

async function start(): Promise<Services> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const audit = await Audit.open({ clock });
  const store = new NotedStore();
  const services = new Services({ store, sink, events: new Events(clock), audit, log });
  onTestFinished(() => services.close());
  await services.start({ web });
  return services;
}

beforeEach(() => {
  steps.length = 0;
  prepare = () => PREPARED;
  fails = undefined;
});

const refuse = (): never => {
  throw new FilterRefusedError([{ service: "web", filter: "f", reason: "no" }]);
};

describe("writes of tables with filters", () => {
  test("the first table is tried before it is stored", async () => {
    await start();
    expect(steps).toEqual(["prepare 1 fresh none", "save 1", "apply 1 alone"]);
    steps.length = 0;
    prepare = refuse;
    await expect(start()).rejects.toMatchObject({ code: "filter_refused" });
    expect(steps).toEqual(["prepare 1 fresh none"]);
  });

  test("a write is prepared, stored and applied, in this order", async () => {
    const services = await start();
    steps.length = 0;
    await services.putFilter("f", { options: { a: 1 } }, ANY);
    expect(steps).toEqual(["prepare 1 fresh f", "save 2", "apply 2 with filters"]);
  });

  test("a refusal stores nothing and changes nothing", async () => {
    const services = await start();
    steps.length = 0;
    prepare = refuse;
    const put = services.putFilter("f", { options: { a: 1 } }, ANY);
    await expect(put).rejects.toMatchObject({ code: "filter_refused" });
    expect(steps).toEqual(["prepare 1 fresh f"]);
    expect([services.revision, services.document("web")]).toEqual([1, web]);
  });

  test("another revision is refused before any filter is loaded", async () => {
    const services = await start();
    steps.length = 0;
    const put = services.putFilter("f", {}, at(9));
    await expect(put).rejects.toMatchObject({ code: "revision_conflict", current: 1 });
    expect(steps).toEqual([]);
  });

  test("new code under the same table comes into force without a new revision", async () => {
    const services = await start();
    steps.length = 0;
    expect(await services.putFilter("f", {}, ANY)).toEqual({ revision: 1, warnings: [] });
    expect(steps).toEqual(["prepare 0 fresh f", "apply 1 with filters"]);
    steps.length = 0;
    prepare = () => undefined;
    await services.putFilter("f", {}, ANY);
    expect(steps).toEqual(["prepare 0 fresh f"]);
  });

  test("a filter that fails as it comes into force: stored, or else refused", async () => {
    const services = await start();
    const refusal = new FilterRefusedError([{ service: "web", filter: "f", reason: "late" }]);
    fails = refusal;
    await expect(services.putFilter("f", {}, ANY)).rejects.toBe(refusal);
    fails = refusal;
    const put = services.putFilter("f", { options: { a: 1 } }, ANY);
    await expect(put).rejects.toMatchObject({ code: "not_in_force", revision: 2 });
  });
});
