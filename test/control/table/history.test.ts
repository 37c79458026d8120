import { expect, test } from "vitest";
import type { ServiceDocument } from "../../../control/config/service-schema.ts";
import { NO_TABLE, readTable } from "../../../control/table/desired-table.ts";
import type { DesiredTable } from "../../../control/table/desired-table.ts";
import { ALL_CHANGES_KEPT_MAX, CHANGES_KEPT_MAX, History } from "../../../control/table/history.ts";
import { shop, web } from "../../support/started-services.ts";

type Documents = Readonly<Record<string, ServiceDocument>>;

const timed = (seconds: number): ServiceDocument => ({ ...web, timeout: `${seconds}s` });

function tableOf(revision: number, services: Documents): DesiredTable {
  return readTable({ revision, services }, NO_TABLE, undefined).table;
}

/** A history of these tables, and the last of them. */
function historyOf(...tables: readonly Documents[]): { history: History; table: DesiredTable } {
  const history = new History();
  let table = NO_TABLE;
  for (const [at, services] of tables.entries()) {
    const next = tableOf(at + 1, services);
    history.note(table, next);
    table = next;
  }
  return { history, table };
}

test("History.find() gives what a service was before its latest change", () => {
  const { history, table } = historyOf({ web, shop }, { web: timed(1), shop }, { web: timed(1) });
  expect(history.find("web", table, undefined)).toEqual(web);
  expect(history.find("shop", table, undefined)).toEqual(shop);
});

test("History.find() gives what a service was at a revision", () => {
  const { history, table } = historyOf(
    { web },
    { web: timed(1) },
    { web: timed(1), shop },
    {
      web: timed(2),
      shop,
    },
  );
  const found = [1, 2, 3, 4].map((revision) => history.find("web", table, revision));
  expect(found).toEqual([web, timed(1), timed(1), timed(2)]);
  expect(history.find("shop", table, 2)).toBeUndefined();
  expect(history.find("shop", table, 3)).toEqual(shop);
});

test.each([
  ["web", undefined, "Cannot undo web: wanted a change since the start, found none"],
  ["shop", 0, "Cannot undo shop: wanted a revision from 1 to 2, found 0"],
  ["shop", 3, "Cannot undo shop: wanted a revision from 1 to 2, found 3"],
])("History.find() of %s at %s: %s", (service, revision, message) => {
  const { history, table } = historyOf({ web }, { web, shop });
  expect(() => history.find(service, table, revision)).toThrow(message);
  expect([history.knows("web"), history.knows("shop")]).toEqual([false, true]);
});

test("History forgets the oldest changes of a service, and knows which", () => {
  const last = CHANGES_KEPT_MAX + 3;
  const seconds = Array.from({ length: last }, (_, at) => at + 1);
  const { history, table } = historyOf(...seconds.map((each) => ({ web: timed(each) })));
  expect(history.find("web", table, 3)).toEqual(timed(3));
  expect(() => history.find("web", table, 2)).toThrow(`from 3 to ${last}, found 2`);
});

test("History forgets the oldest changes of all services", () => {
  const names = Array.from({ length: ALL_CHANGES_KEPT_MAX }, (_, at) => `s${at}`);
  const { history, table } = historyOf(
    { web },
    { web: timed(1) },
    { web: timed(1), ...Object.fromEntries(names.map((name) => [name, shop])) },
  );
  expect([history.knows("web"), history.knows("s0")]).toEqual([false, true]);
  expect(() => history.find("web", table, 1)).toThrow("from 2 to 3, found 1");
});
