import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Audit } from "../../../control/records/audit.ts";
import { Events } from "../../../control/records/events.ts";
import { SharedTable } from "../../../control/registry/shared-table.ts";
import type { SharedTableOptions } from "../../../control/registry/shared-table.ts";
import { newSigningKey } from "../../../control/registry/signing-key.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** The shared table of a sidecar that nobody else shares. */
async function shared(options: Partial<SharedTableOptions> = {}) {
  const bed = await openConsulBed();
  const events = new Events(bed.deps.clock);
  const table = new SharedTable(
    { ...bed.deps, events },
    {
      prefix: "sluice",
      sidecar: "a",
      host: "node1",
      trust: { trust: [], signingKey: undefined },
      copyPath: () => undefined,
      advertised: undefined,
      before: undefined,
      ...options,
    },
  );
  const told = (): readonly string[] =>
    bed.deps.lines.map((line) => (JSON.parse(line) as { event: string }).event);
  return { ...bed, table, events, told };
}

const FACT = {
  actor: "local",
  action: "shift",
  service: "web",
  reason: undefined,
  before: undefined,
  after: { v1: 1 },
  revision: 1,
};

const TRUSTING = { trust: [newSigningKey().publicKey], signingKey: undefined };

describe("SharedTable.auditPath", () => {
  test("is beside the copy of the table, in a folder that is made", async () => {
    const folder = join(await temporaryFolder(), "made");
    const { table } = await shared({ copyPath: (file) => join(folder, file) });
    await table.makeFolder();
    expect(table.auditPath).toBe(join(folder, "audit.jsonl"));
    expect((await stat(folder)).isDirectory()).toBe(true);
    expect(table.auditProblem).toBeUndefined();
  });

  test("is none where no copy is kept, which is no problem", async () => {
    const { table, told } = await shared();
    await table.makeFolder();
    expect([table.auditPath, table.auditProblem, told()]).toEqual([undefined, undefined, []]);
  });

  test("is none where the folder cannot be made, which is one", async () => {
    const file = join(await temporaryFolder(), "file");
    await writeFile(file, "");
    const { table, told } = await shared({ copyPath: (name) => join(file, "sub", name) });
    await table.makeFolder();
    expect(table.auditPath).toBeUndefined();
    expect(table.auditProblem).toMatch(/^The audit log is only in memory: ENOTDIR/);
    expect(told()).toEqual(["kept_copy.unwritable"]);
  });
});

test("SharedTable notes the end of the audit log at its path, and of no other", async () => {
  const folder = await temporaryFolder();
  await mkdir(folder, { recursive: true });
  const { consul, deps, run, table } = await shared({ copyPath: (file) => join(folder, file) });
  const audit = await Audit.open({ path: join(folder, "audit.jsonl"), clock: deps.clock });
  await audit.append(FACT);
  table.note(audit);
  run((signal) => table.run(signal));
  await eventually(() => expect(consul.keys.has("sluice/audit/a")).toBe(true));
  const inMemory = await shared();
  inMemory.table.note(await Audit.open({ clock: deps.clock }));
  expect(await inMemory.table.acceptAudit({ actor: "x", reason: "y" }, 1)).toBe(false);
});

test.each([
  [undefined, "http://127.0.0.1:9180"],
  ["https://node1:9180", "https://node1:9180"],
])("SharedTable says where its API is: advertised %s", async (advertised, api) => {
  const { consul, run, table } = await shared({ advertised });
  run((signal) => table.run(signal));
  table.arrive("http://127.0.0.1:9180");
  await eventually(() =>
    expect(JSON.parse(consul.keys.get("sluice/fleet/a")?.value ?? "{}")).toMatchObject({
      api,
      host: "node1",
    }),
  );
  expect(table.fleetProblem).toBeUndefined();
});

describe("A SharedTable that trusts only some", () => {
  const LATER = '{"revision":12,"sequence":3}';

  test("tells, once its table is in force, that there has been a later one", async () => {
    const { consul, run, table, events, told } = await shared({ trust: TRUSTING });
    const emitted: unknown[] = [];
    events.subscribe((event) => emitted.push(event));
    consul.set("sluice/audit/dead", LATER);
    run((signal) => table.run(signal));
    table.fleet.acknowledge(9);
    await eventually(() => expect(table.problem ?? "").toContain("sluice/audit/dead says"));
    expect(told()).not.toContain("store.older");
    table.arrive("http://127.0.0.1:9180");
    await eventually(() => expect(told()).toContain("store.older"));
    expect(emitted).toContainEqual(
      expect.objectContaining({ kind: "store", problem: table.problem }),
    );
  });

  test("asks no witness if everybody is trusted", async () => {
    const { consul, run, table, told } = await shared();
    consul.set("sluice/audit/dead", LATER);
    const { end, done } = run((signal) => table.run(signal));
    table.arrive("http://127.0.0.1:9180");
    await eventually(() => expect(consul.keys.has("sluice/fleet/a")).toBe(true));
    end.abort();
    await done;
    expect([table.problem, told().includes("store.older")]).toEqual([undefined, false]);
  });
});

test("SharedTable.fleetProblem says why this sidecar is not on the list", async () => {
  const { consul, run, table } = await shared();
  consul.fault = { kind: "answer", status: 403, text: "Permission denied" };
  run((signal) => table.run(signal));
  await eventually(() =>
    expect(table.fleetProblem).toMatch(/^fleet: this sidecar is not on the list \(.*403/),
  );
});
