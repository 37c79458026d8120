import { beforeEach, describe, expect, test } from "vitest";
import { Briefing } from "../../../control/workers/briefing.ts";
import { briefWorker, logRefusals, tellWorker } from "../../../control/workers/tell-worker.ts";
import type { Question } from "../../../control/workers/worker-process.ts";
import type { Log, LogFields } from "../../../proxy/base/log.ts";
import type { FilterSpec } from "../../../proxy/table/filter-spec.ts";
import type { FromWorker } from "../../../proxy/messages/messages.ts";
import type { TableChange } from "../../../proxy/table/snapshot.ts";
import { eventually } from "../../support/eventually.ts";
import { filterSnapshot } from "../../proxy/filters/filter-fixture.ts";
import { serviceSnapshot } from "../../proxy/table/service-fixture.ts";

const web = serviceSnapshot({ v1: 1 }, { name: "web" });
const change: TableChange = { revision: 4, replace: [web], remove: [] };
const spec: FilterSpec = {
  filter: filterSnapshot("f"),
  code: { kind: "missing", reason: "no file" },
};
const chains = new Map([["web", [spec]]]);
const refusal = { service: "web", filter: "f", reason: "no file" };

let asked: Question[];
let answer: (question: Question) => Promise<FromWorker>;
let logged: string[];
let log: Log;
const worker = {
  ask: (question: Question): Promise<FromWorker> => {
    asked.push(question);
    return answer(question);
  },
};

beforeEach(() => {
  asked = [];
  logged = [];
  answer = () => Promise.resolve({ kind: "done", id: 1 });
  const note = (event: string, fields?: LogFields): void => {
    logged.push(`${event} ${String(fields?.["reason"])}`);
  };
  log = { info: note, warn: note, error: note };
});

describe("briefWorker()", () => {
  test("tells the table alone when no service has filters", async () => {
    const briefing = new Briefing();
    briefing.follow(change);
    await briefWorker(worker, briefing, log);
    expect(asked).toEqual([{ kind: "table", change, filters: undefined }]);
  });

  test("tells what is logged and traced before the table", async () => {
    const briefing = new Briefing();
    briefing.logLevel = "warn";
    briefing.tracing = 0;
    await briefWorker(worker, briefing, log);
    expect(asked.slice(0, 2)).toEqual([
      { kind: "logLevel", level: "warn" },
      { kind: "tracing", ratio: 0 },
    ]);
    expect(asked.map(({ kind }) => kind)).toEqual(["logLevel", "tracing", "table"]);
  });

  test("tells filters first, and the table that they come into force with", async () => {
    const briefing = new Briefing();
    briefing.follow(change);
    briefing.setFilters("web", [spec]);
    briefing.nextNumber();
    await briefWorker(worker, briefing, log);
    const told = { number: 2, chains: [{ service: "web", filters: [spec] }], strict: false };
    expect(asked).toEqual([
      { kind: "prepareFilters", preparation: told },
      { kind: "table", change, filters: 2 },
    ]);
  });

  test("tells certificates and keys before everything that needs them", async () => {
    const briefing = new Briefing();
    briefing.follow(change);
    briefing.setFilters("web", [spec]);
    briefing.tls = { identities: [], trusts: [{ id: "ca:a", pem: "a" }], ticketKeys: [] };
    await briefWorker(worker, briefing, log);
    expect(asked[0]).toEqual({ kind: "tls", material: briefing.tls });
    expect(asked.map(({ kind }) => kind)).toEqual(["tls", "prepareFilters", "table"]);
  });

  test("leaves a worker that ends meanwhile to whoever waits for it", async () => {
    answer = () => Promise.reject(new Error("gone"));
    await briefWorker(worker, new Briefing(), log);
    expect(logged).toEqual([]);
  });
});

describe("tellWorker()", () => {
  test("tells the table at once to a worker that has the filters", async () => {
    const filters = { number: 5, chains, workers: new Set([worker]) };
    expect(await tellWorker(worker, change, filters, log)).toEqual([]);
    expect(asked).toEqual([{ kind: "table", change, filters: 5 }]);
  });

  test("has any other load them first; what it refuses is logged, yet in force", async () => {
    answer = ({ kind }) =>
      Promise.resolve(
        kind === "table"
          ? { kind: "done", id: 1 }
          : { kind: "filters", id: 1, refusals: [refusal] },
      );
    const filters = { number: 5, chains, workers: new Set<typeof worker>() };
    expect(await tellWorker(worker, change, filters, log)).toEqual([]);
    expect(asked.map(({ kind }) => kind)).toEqual(["prepareFilters", "table"]);
    await eventually(() => expect(logged).toEqual(["filter.refused no file"]));
  });

  test("gives what cannot take over", async () => {
    answer = () => Promise.resolve({ kind: "filters", id: 1, refusals: [refusal] });
    const filters = { number: 5, chains, workers: new Set([worker]) };
    expect(await tellWorker(worker, change, filters, log)).toEqual([refusal]);
  });

  test("rejects as the worker does", async () => {
    answer = () => Promise.reject(new Error("gone"));
    await expect(tellWorker(worker, change, undefined, log)).rejects.toThrow("gone");
  });
});

test("logRefusals() writes a line for each", () => {
  logRefusals([refusal, { ...refusal, reason: "too big" }], log);
  expect(logged).toEqual(["filter.refused no file", "filter.refused too big"]);
});
