import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ConsulStore } from "../../../control/registry/consul-store.ts";
import type { ConsulStoreOptions } from "../../../control/registry/consul-store.ts";
import { newSigningKey } from "../../../control/registry/signing-key.ts";
import { TableSeal } from "../../../control/registry/table-seal.ts";
import type { StoredTable } from "../../../control/store/store.ts";
import { eventually } from "../../support/eventually.ts";
import { openConsulBed } from "../../support/fake-consul-bed.ts";
import type { FakeConsulBed } from "../../support/fake-consul-bed.ts";

const KEY = "sluice/table";
const ours = newSigningKey();
const theirs = newSigningKey();

const SIGNER = { trust: [ours.publicKey], signingKey: ours };
const FOLLOWER = { trust: [ours.publicKey], signingKey: undefined };
const MIGRATING = { trust: [], signingKey: ours };
const OPEN = { trust: [], signingKey: undefined };

/** A table that says by its weight which one it is; `services`: so many. */
function tableOf(revision: number, weight = revision, services = 1): StoredTable {
  const web = { versions: { v1: { weight, endpoints: ["127.0.0.1:3000"] } } };
  const entries = Array.from({ length: services }, (_, index) => [`web-${index}`, web]);
  return { revision, services: Object.fromEntries(entries) };
}

type Bed = FakeConsulBed & {
  readonly open: (options: Partial<ConsulStoreOptions>) => ConsulStore;
  /** Copies live in it. */
  readonly folder: string;
  /** What the key holds. */
  readonly value: () => string;
};

async function openBed(): Promise<Bed> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-signed-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const bed = await openConsulBed();
  const stores: ConsulStore[] = [];
  onTestFinished(async () => void (await Promise.all(stores.map((store) => store.close()))));
  const open: Bed["open"] = (options) => {
    const store = new ConsulStore(bed.deps, { prefix: "sluice", sidecar: "a", ...options });
    stores.push(store);
    return store;
  };
  return { ...bed, open, folder, value: () => bed.consul.keys.get(KEY)?.value ?? "" };
}

/** A signer that has written revision 5, and a follower that has heard it. */
async function signedBed() {
  const bed = await openBed();
  const signer = bed.open({ trust: SIGNER });
  await signer.save(tableOf(4), 0);
  const older = bed.value();
  await signer.save(tableOf(5), 4);
  const follower = bed.open({ trust: FOLLOWER, sidecar: "b" });
  const heard: StoredTable[] = [];
  expect(await follower.load()).toEqual(tableOf(5));
  bed.run((signal) => follower.follow((table) => void heard.push(table), signal));
  await eventually(() => expect(bed.consul.asked.at(-1)).toContain("waits"));
  return { ...bed, signer, follower, heard, older };
}

function sealedBy(key: typeof ours, table: StoredTable, place = KEY): string {
  const document = JSON.stringify({ format: "sluice-table-1", ...table });
  return new TableSeal(place, { trust: [], signingKey: key }).seal(document);
}

const plain = JSON.stringify({ format: "sluice-table-1", ...tableOf(6) });

test.each([
  ["unsigned", () => plain, "it is not signed"],
  ["untrusted", () => sealedBy(theirs, tableOf(6)), `signed by "${theirs.publicKey}"`],
  [
    "forged",
    () => sealedBy(ours, tableOf(6)).replace(": 6", ": 7").replace(":6", ":7"),
    "not that",
  ],
  ["forged", () => sealedBy(ours, tableOf(6), "other/table"), "not that of"],
  ["rolled_back", (older: string) => older, "it has revision 4, and this sidecar has had 5"],
  ["unreadable", () => sealedBy(ours, tableOf(0)), "revision"],
])("a table that is %s is refused, said and counted, and a write repairs it", async (...row) => {
  const [kind, valueOf, reason] = row;
  const { consul, deps, signer, follower, heard, older, open } = await signedBed();
  consul.set(KEY, valueOf(older));
  await eventually(() => expect(follower.problem).toContain(reason));
  expect(follower.problem).toContain("Cannot use the table in Consul: ");
  expect([heard, await follower.load()]).toEqual([[], tableOf(5)]);
  expect([...follower.refusals].filter(([, count]) => count > 0)).toEqual([[kind, 1]]);
  expect(deps.lines.join()).toContain("store.refused");
  expect(follower.stalenessMs()).toBeGreaterThan(0);

  await signer.save(tableOf(6, 60), 5);
  await eventually(() => expect(heard).toEqual([tableOf(6, 60)]));
  expect(follower.problem).toBeUndefined();
  expect(await open({ trust: FOLLOWER }).load()).toEqual(tableOf(6, 60));
});

test("without a good table there is no start from one that is refused", async () => {
  const { consul, open } = await signedBed();
  consul.set(KEY, plain);
  const refused = open({ trust: FOLLOWER }).load();
  await expect(refused).rejects.toMatchObject({ code: "store_untrusted", status: 503 });
});

test("a start takes no table that is older than its copy", async () => {
  const { consul, open, folder, older } = await signedBed();
  const copyPath = join(folder, "table.json");
  const before = open({ trust: FOLLOWER, copyPath });
  await before.load();
  await before.close();
  consul.set(KEY, older);
  const store = open({ trust: FOLLOWER, copyPath });
  expect(await store.load()).toEqual(tableOf(5));
  expect(store.problem).toContain("this sidecar has had 5");
  // Nor than that of the process whose place it takes.
  const heir = open({ trust: FOLLOWER, before: tableOf(9) });
  expect(await heir.load()).toEqual(tableOf(9));
  expect(heir.problem).toContain("this sidecar has had 9");
});

test("who cannot sign writes nothing, but puts back a deleted table as it was signed", async () => {
  const { consul, follower, value } = await signedBed();
  const signed = value();
  await expect(follower.save(tableOf(6), 5)).rejects.toMatchObject({
    code: "no_signing_key",
    status: 409,
  });
  expect(value()).toBe(signed);
  consul.keys.clear();
  consul.changed();
  await eventually(() => expect(value()).toBe(signed));
});

test("rewrite() puts the last good table back: signed anew, or as it was signed", async () => {
  const { consul, signer, follower, older, value } = await signedBed();
  const signed = value();
  const heldBy = async (store: ConsulStore, spoiled: string): Promise<unknown> => {
    consul.set(KEY, spoiled);
    const rewritten = await store.rewrite(true);
    return [rewritten, value() === signed, store.problem];
  };
  // Ed25519 signs the same the same way (RFC 8032 section 5.1.6).
  const wanted = [{ revision: 5, isSigned: true }, true, undefined];
  expect(await heldBy(follower, plain)).toEqual(wanted);
  expect(await heldBy(follower, older)).toEqual(wanted);
  expect(await heldBy(signer, older)).toEqual(wanted);
  await expect(signer.rewrite(false)).rejects.toMatchObject({ code: "signature_demanded" });
  // Not over a table that is newer, and good.
  consul.set(KEY, sealedBy(ours, tableOf(6)));
  await expect(signer.rewrite(true)).rejects.toMatchObject({ code: "revision_conflict" });
});

test("a large table is signed by its head, and put back with its parts", async () => {
  const { consul, signer, follower, heard, value } = await signedBed();
  const large = tableOf(6, 6, 8_000);
  await signer.save(large, 5);
  await eventually(() => expect(heard).toEqual([large]));
  const part = [...consul.keys.keys()].find((key) => key.startsWith("sluice/parts/6-")) ?? "";
  const spoiled = (consul.keys.get(part)?.value ?? "").replace('"weight":6', '"weight":7');
  consul.set(part, spoiled);
  consul.set(KEY, `${value()} `);
  await eventually(() => expect(follower.problem).toContain("the signature is not"));
  expect(await follower.rewrite(true)).toEqual({ revision: 6, isSigned: true });
  consul.keys.delete(part);
  consul.keys.delete(KEY);
  consul.changed();
  await eventually(() => expect(consul.keys.has(KEY)).toBe(true));
  expect(consul.keys.has(part)).toBe(true);
  expect(value()).toMatch(/^\{"format":"sluice-signed-1"/);
});

test("a fleet goes over to signatures, and back, without losing a table", async () => {
  const { open, value } = await openBed();
  await open({ trust: OPEN }).save(tableOf(1), 0);
  const migrating = open({ trust: MIGRATING });
  expect(await migrating.load()).toEqual(tableOf(1));
  expect(await migrating.rewrite(true)).toEqual({ revision: 1, isSigned: true });

  // Who does not sign yet follows, but does not write over the signature.
  const open2 = open({ trust: OPEN });
  expect(await open2.load()).toEqual(tableOf(1));
  await expect(open2.save(tableOf(2), 1)).rejects.toMatchObject({ code: "no_signing_key" });
  expect(await open({ trust: SIGNER }).load()).toEqual(tableOf(1));

  expect(await open2.rewrite(false)).toEqual({ revision: 1, isSigned: false });
  expect(value()).toMatch(/^\{\n "format": "sluice-table-1"/);
  await open2.save(tableOf(2), 1);
  expect(await open({ trust: OPEN }).load()).toEqual(tableOf(2));
});

test("keys rotate: both are trusted for a while, and then the old one is not", async () => {
  const { open, signer } = await signedBed();
  const both = { trust: [ours.publicKey, theirs.publicKey], signingKey: theirs };
  const rotated = open({ trust: both });
  expect(await rotated.load()).toEqual(tableOf(5));
  await rotated.rewrite(true);
  const next = open({ trust: { trust: [theirs.publicKey], signingKey: undefined } });
  expect(await next.load()).toEqual(tableOf(5));
  // The one that was forgotten says so.
  await signer.load();
  expect(signer.problem).toContain(`signed by "${theirs.publicKey}", which is not trusted`);
});

test("a follower of an empty Consul says that it waits for a signed table", async () => {
  const { open } = await openBed();
  const follower = open({ trust: FOLLOWER });
  expect(await follower.load()).toBeUndefined();
  expect(follower.problem).toContain("Consul holds no table yet");
  await expect(follower.save(tableOf(1), 0)).rejects.toMatchObject({ code: "no_signing_key" });
  await expect(follower.rewrite(true)).rejects.toMatchObject({ code: "no_signing_key" });
  await open({ trust: SIGNER }).save(tableOf(1), 0);
  expect(await follower.load()).toEqual(tableOf(1));
  expect(follower.problem).toBeUndefined();
});
