import { join } from "node:path";
import { expect, test } from "vitest";
import { auditPath, openStore } from "../../../control/store/open-store.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const note = (): void => undefined;
const deps = { clock: fixedClock, log: { info: note, warn: note, error: note } };
const table = { revision: 7, services: {} };

test("openStore() opens a store in memory with the earlier process's table, or none", async () => {
  const config = { kind: "memory" } as const;
  expect(await (await openStore(config, undefined, deps)).load()).toBeUndefined();
  const heir = await openStore(config, { table, predecessorPid: 1 }, deps);
  expect(await heir.load()).toStrictEqual(table);
});

test("openStore() opens a file, and the audit log stands beside it", async () => {
  const path = join(await temporaryFolder(), "table.json");
  const config = { kind: "file", path } as const;
  const store = await openStore(config, undefined, deps);
  expect(store.kind).toBe("file");
  await store.save({ revision: 1, services: {} }, 0);
  expect(await store.load()).toStrictEqual({ revision: 1, services: {} });
  await store.close();
  expect(auditPath(config)).toBe(`${path}.audit.jsonl`);
  expect(auditPath({ kind: "memory" })).toBeUndefined();
});

test("openStore() opens no store of Consul: its link does", async () => {
  const opening = openStore({ kind: "consul", prefix: "sluice", trust: [] }, undefined, deps);
  await expect(opening).rejects.toThrow("does not say where Consul is");
});
