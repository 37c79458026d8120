import { expect, test } from "vitest";
import { TableKeys } from "../../../control/registry/table-keys.ts";
import type { StoredTable } from "../../../control/store/store.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";

/** A table of so many services. */
function tableOf(revision: number, services = 1): StoredTable {
  const document = { versions: { v1: { endpoints: ["127.0.0.1:3000"] } } };
  const entries = Array.from({ length: services }, (_, index) => [`web-${index}`, document]);
  return { revision, services: Object.fromEntries(entries) };
}

/** Keys over a fake agent, and what to write for a table. */
async function keys() {
  const bed = await openConsulBed();
  const own = new TableKeys(bed.deps, { prefix: "sluice", sidecar: "a/1" });
  const document = (table: StoredTable) => {
    const made = own.document(table);
    if (made === undefined) throw new Error("The table is too large");
    return made.document;
  };
  return { ...bed, keys: own, document };
}

const LARGE = tableOf(3, 10_000);

test("TableKeys.swapHead() writes only over the head that was read", async () => {
  const { keys: own, document } = await keys();
  expect(await own.read()).toBeUndefined();
  const first = document(tableOf(1)).head;
  expect(await own.swapHead(first, 0)).toBe(true);
  expect(await own.swapHead(document(tableOf(2)).head, 0)).toBe(false);
  expect((await own.read())?.value).toBe(first);
  expect(await own.createHead("other")).toBe(false);
});

test("TableKeys.swapHead() finds out whether a write whose answer was lost is there", async () => {
  const { consul, keys: own, document } = await keys();
  const { head } = document(tableOf(1));
  const asked = own.swapHead(head, 0);
  consul.fault = { kind: "cut" };
  consul.keys.set = (...entry) => {
    // The write has arrived: from now on answers do too.
    queueMicrotask(() => setImmediate(() => (consul.fault = undefined)));
    return Map.prototype.set.apply(consul.keys, entry) as typeof consul.keys;
  };
  expect(await asked).toBe(true);
  expect(consul.asked).toEqual(["PUT kv/sluice/table?cas=0", "GET kv/sluice/table"]);
});

test("TableKeys.swapHead() throws when nothing says what came of the write", async () => {
  const { consul, keys: own, document } = await keys();
  consul.fault = { kind: "answer", status: 500, text: "leadership lost" };
  await expect(own.swapHead(document(tableOf(1)).head, 0)).rejects.toMatchObject({
    code: "consul_failed",
  });
});

test("TableKeys.resolve() reads a table in parts, and says when one is missing", async () => {
  const { consul, keys: own, document } = await keys();
  const { head, parts } = document(LARGE);
  expect(parts.length).toBeGreaterThan(1);
  await own.writeParts({ head, parts });
  const read = { table: LARGE, document: { head, parts }, isSigned: false };
  expect(await own.resolve(head)).toEqual(read);
  consul.keys.delete(`sluice/parts/${parts[0]?.name}`);
  expect(await own.resolve(head)).toMatchObject({ kind: "unreadable" });
  expect(await own.resolve("nonsense")).toMatchObject({ kind: "unreadable" });
});

test("TableKeys.sweepParts() deletes what is older, and what nobody can have written", async () => {
  const { consul, keys: own, document } = await keys();
  const { head, parts } = document(LARGE);
  await own.writeParts({ head, parts });
  const own3 = parts.map(({ name }) => `sluice/parts/${name}`);
  consul.set("sluice/parts/2-0123456789abcdef-b-0", "old");
  consul.set("sluice/parts/nonsense", "?");
  consul.set("sluice/table", head);
  await own.sweepParts(3);
  expect([...consul.keys.keys()]).toEqual([...own3, "sluice/table"]);
});

test("TableKeys.sweepParts() reads no values, and deletes others' litter bit by bit", async () => {
  const { consul, keys: own } = await keys();
  for (let index = 0; index < 150; index += 1) {
    const key = `sluice/parts/2-0123456789abcdef-b-${index}`;
    consul.keys.set(key, { value: "old", modifyIndex: 1, lockIndex: 0 });
  }
  const left: number[] = [];
  for (let sweep = 0; sweep < 3; sweep += 1) {
    await own.sweepParts(3);
    left.push(consul.keys.size);
  }
  expect(left).toEqual([86, 22, 0]);
  expect(consul.asked.filter((asked) => asked.startsWith("GET"))).toEqual(
    left.map(() => "GET kv/sluice/parts/?keys="),
  );
});

test("TableKeys.sweepParts() that fails costs a warning", async () => {
  const { consul, deps, keys: own } = await keys();
  consul.fault = { kind: "answer", status: 500, text: "not now" };
  await own.sweepParts(3);
  expect(deps.lines.join()).toContain("store.parts_left");
});

test("TableKeys.readAnywhere() asks any server only when there is no leader", async () => {
  const { consul, keys: own } = await keys();
  await own.readAnywhere();
  expect(consul.asked).toEqual(["GET kv/sluice/table"]);
  consul.fault = { kind: "answer", status: 500, text: "No cluster leader" };
  await expect(own.readAnywhere()).rejects.toMatchObject({ code: "consul_no_leader" });
  expect(consul.asked.at(-1)).toBe("GET kv/sluice/table?stale=");
  consul.fault = { kind: "answer", status: 403, text: "Permission denied" };
  await expect(own.readAnywhere()).rejects.toMatchObject({ code: "consul_denied" });
  expect(consul.asked.at(-1)).toBe("GET kv/sluice/table");
});
