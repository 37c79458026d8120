import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LastTable } from "../../../control/registry/last-table.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import type { StoredTable } from "../../../control/store/store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const log = jsonLog(
  () => undefined,
  () => 0,
);
const tableOf = (revision: number): StoredTable => ({ revision, services: {} });
const document = { head: "signed head", parts: [{ name: "3-a-0", text: "text" }] };

test("LastTable keeps what was signed as it was signed, over a restart too", async () => {
  const path = join(await temporaryFolder(), "table.json");
  const first = new LastTable(path, log);
  expect([first.table, first.signed]).toEqual([undefined, undefined]);
  first.become({ table: tableOf(3), document, isSigned: true });
  expect([first.isFrom("signed head"), first.isFrom("other")]).toEqual([true, false]);
  expect([first.equals(tableOf(3)), first.equals(tableOf(4))]).toEqual([true, false]);
  await first.settled();
  const second = new LastTable(path, log);
  expect(await second.load()).toEqual(tableOf(3));
  expect(second.signed).toEqual(document);

  second.become({ table: tableOf(4), document: { head: "plain", parts: [] }, isSigned: false });
  await second.settled();
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual(tableOf(4));
  const third = new LastTable(path, log);
  expect(await third.load()).toEqual(tableOf(4));
  expect(third.signed).toBeUndefined();
});

test("LastTable reads the copy of an earlier version", async () => {
  const path = join(await temporaryFolder(), "table.json");
  await writeFile(path, JSON.stringify(tableOf(7)));
  expect(await new LastTable(path, log).load()).toEqual(tableOf(7));
});

test("LastTable has a predecessor's table unless the copy is as new", async () => {
  const path = join(await temporaryFolder(), "table.json");
  const first = new LastTable(path, log);
  first.become({ table: tableOf(3), document, isSigned: true });
  await first.settled();
  const newer = new LastTable(path, log, tableOf(4));
  expect(await newer.load()).toEqual(tableOf(4));
  expect(newer.signed).toBeUndefined();
  const same = new LastTable(path, log, tableOf(3));
  expect(await same.load()).toEqual(tableOf(3));
  expect(same.signed).toEqual(document);
  expect(await new LastTable(undefined, log, tableOf(2)).load()).toEqual(tableOf(2));
});
