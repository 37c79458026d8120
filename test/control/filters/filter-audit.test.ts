import { beforeEach, expect, test } from "vitest";
import { recordLoad, recordReplaced } from "../../../control/filters/filter-audit.ts";
import type { FilterAuditDeps } from "../../../control/filters/filter-audit.ts";
import { Audit } from "../../../control/records/audit.ts";
import { Events } from "../../../control/records/events.ts";
import type { FilterSpec } from "../../../proxy/table/filter-spec.ts";
import { filterSnapshot } from "../../proxy/filters/filter-fixture.ts";
import { fixedClock } from "../../support/fixed-clock.ts";

const WRITE = { context: { actor: "ada", reason: "why", ifMatch: "*" } } as const;

let deps: FilterAuditDeps;
let audit: Audit;
const logged: string[] = [];

beforeEach(async () => {
  logged.length = 0;
  const log = (event: string): void => void logged.push(event);
  audit = await Audit.open({ clock: fixedClock });
  deps = { audit, events: new Events(fixedClock), log: { info: log, warn: log, error: log } };
});

function spec(name: string, hash: string): FilterSpec {
  return { filter: filterSnapshot(name), code: { kind: "code", url: "file:///f", hash, text: "" } };
}

const missing: FilterSpec = {
  filter: filterSnapshot("gone"),
  code: { kind: "missing", reason: "no" },
};

async function entries(): Promise<readonly unknown[][]> {
  const all = await audit.list({ limit: 10, since: 0 });
  return all.map(({ action, actor, before, after }) => [action, actor, before, after]);
}

const named = (hash: string): object => ({ filter: "f", module: "./f.ts", hash });

test("recordLoad() names code that is new, and none that is missing or stays", async () => {
  const before = new Map([["web", [spec("f", "1"), spec("g", "1")]]]);
  const after = new Map([["web", [spec("f", "2"), spec("g", "1"), missing]]]);
  await recordLoad(deps, { before, after, write: undefined, revision: 2 });
  expect(await entries()).toEqual([["filter-load", "table", named("1"), named("2")]]);
});

test("recordReplaced() tells everybody, and the audit log when somebody wrote it", async () => {
  const set = { before: new Map(), after: new Map([["web", [spec("f", "1")]]]), revision: 2 };
  await recordReplaced(deps, { ...set, write: undefined });
  expect([await entries(), logged]).toEqual([[], ["filter.replaced"]]);
  await recordReplaced(deps, { ...set, write: WRITE });
  expect(await entries()).toEqual([["filter", "ada", undefined, named("1")]]);
  expect(deps.events.since(0)).toHaveLength(2);
});

test("a log that cannot be written is reported, and stops nothing", async () => {
  const full = Object.assign(Object.create(audit) as Audit, {
    append: () => Promise.reject(new Error("ENOSPC")),
  });
  const set = { before: new Map(), after: new Map([["web", [spec("f", "1")]]]), revision: 2 };
  await recordLoad({ ...deps, audit: full }, { ...set, write: WRITE });
  expect(logged).toEqual(["audit.append.failed"]);
  expect(deps.events.since(0)).toMatchObject([{ kind: "audit-failed", service: "web" }]);
});
