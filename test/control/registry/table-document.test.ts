import { hash } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { KV_VALUE_BYTES_MAX } from "../../../control/consul/kv.ts";
import { SERVICES_MAX } from "../../../control/config/config-shape.ts";
import {
  joinParts,
  partRevision,
  readHead,
  REVISION_MAX,
  splitText,
  TABLE_BYTES_MAX,
  type TableHead,
  writeTable,
} from "../../../control/registry/table-document.ts";
import type { StoredTable } from "../../../control/store/store.ts";

function tableOf(services: number, revision = 3): StoredTable {
  const entries = Array.from({ length: services }, (_, index) => [
    `service-${index}`,
    { versions: { v1: { endpoints: [`10.0.0.1:${index + 1}`] } } },
  ]);
  return { revision, services: Object.fromEntries(entries) };
}

function checkPieces(text: string, limit: number): void {
  const pieces = splitText(text, limit);
  expect(pieces.join("")).toBe(text);
  expect(pieces.every((piece) => Buffer.byteLength(piece) <= limit)).toBe(true);
}

test("splitText() gives pieces within the limit that join to the text, in any script", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 200 });
  const limit = fc.integer({ min: 4, max: 40 });
  fc.assert(fc.property(text, limit, checkPieces), { seed: 4 });
});

test("readHead() reads a small table from one key", () => {
  const table = tableOf(2);
  const document = writeTable(table, "a");
  expect(document?.parts).toEqual([]);
  expect(readHead(document?.head ?? "")).toEqual({ kind: "whole", table });
});

/** Gives texts as Consul would, and notes what was asked. */
function readerOf(texts: readonly (string | undefined)[], asked: string[] = []) {
  return async (name: string): Promise<string | undefined> => texts[asked.push(name) - 1];
}

test("joinParts() reads a large table from its parts and notices a missing one", async () => {
  const table = tableOf(12_000);
  const document = writeTable(table, "a");
  const head = readHead(document?.head ?? "") as Extract<TableHead, { kind: "split" }>;
  const texts = document?.parts.map((part) => part.text) ?? [];
  expect(head.kind).toBe("split");
  expect(head.parts).toEqual(document?.parts.map((part) => part.name));
  expect(texts.length).toBeGreaterThan(1);
  expect(texts.every((text) => Buffer.byteLength(text) <= KV_VALUE_BYTES_MAX)).toBe(true);
  expect(await joinParts(head, readerOf(texts))).toEqual(table);
  const damaged = { kind: "unreadable", reason: "a part is missing or damaged" };
  expect(await joinParts(head, readerOf(["", ...texts.slice(1)]))).toEqual(damaged);
  expect(await joinParts(head, readerOf([undefined, ...texts.slice(1)]))).toEqual(damaged);
});

test("joinParts() reads no more of parts than a table may be large", async () => {
  const parts = Array.from({ length: 64 }, (_, index) => `3-0123456789abcdef-a-${index}`);
  const head = { kind: "split", revision: 3, parts, sha256: "" } as const;
  const asked: string[] = [];
  const texts = parts.map(() => "x".repeat(TABLE_BYTES_MAX / 2));
  expect(await joinParts(head, readerOf(texts, asked))).toEqual({
    kind: "unreadable",
    reason: `it is larger than ${TABLE_BYTES_MAX} bytes`,
  });
  expect(asked).toEqual(parts.slice(0, 3));
});

test("joinParts() refuses parts that hold too many services", async () => {
  const text = JSON.stringify({ format: "sluice-table-1", ...tableOf(SERVICES_MAX + 1) });
  const head = { kind: "split", revision: 3, parts: ["a"], sha256: hash("sha256", text) } as const;
  expect(await joinParts(head, readerOf([text]))).toMatchObject({
    reason: `its parts: wanted at most ${SERVICES_MAX} services, found ${SERVICES_MAX + 1}`,
  });
});

/** The value of the table's key, with something of it put otherwise. */
function headText(fields: object): string {
  return JSON.stringify({ format: "sluice-table-1", revision: 1, ...fields });
}

const manyNames = Array.from({ length: 100_000 }, (_, index) => `s${index}`);

test.each([
  [
    "100 000 services",
    headText({ services: Object.fromEntries(manyNames.map((name) => [name, {}])) }),
    `wanted at most ${SERVICES_MAX} services, found 100000`,
  ],
  ["100 000 parts", headText({ parts: manyNames, sha256: "" }), "64 parts, found 100000"],
  ["a table over 8 MiB", " ".repeat(TABLE_BYTES_MAX + 1), "it is larger than"],
  [
    "16 384 services of which none can be read",
    headText({ services: Object.fromEntries(manyNames.slice(0, SERVICES_MAX).map((n) => [n, 1])) }),
    "and 16381 more",
  ],
  [
    "a revision that leaves no next one",
    headText({ revision: Number.MAX_SAFE_INTEGER, services: {} }),
    "revision",
  ],
  [
    "such a revision of parts",
    headText({ revision: REVISION_MAX + 1, parts: ["a"], sha256: "" }),
    "revision",
  ],
])("readHead() refuses %s in words of a bounded length", (_name, text, reason) => {
  const head = readHead(text);
  expect("reason" in head && head.reason).toContain(reason);
  expect("reason" in head && head.reason.length).toBeLessThan(500);
});

test("readHead() takes as many services and as high a revision as there may be", () => {
  const table = tableOf(SERVICES_MAX, REVISION_MAX);
  const text = JSON.stringify({ format: "sluice-table-1", ...table });
  expect(readHead(text)).toEqual({ kind: "whole", table });
});

function partNames(revision: number, writer: string): readonly string[] {
  return writeTable(tableOf(12_000, revision), writer)?.parts.map((part) => part.name) ?? [];
}

test("writeTable() names parts by revision and writer, so that no two writers share one", () => {
  const all = [...partNames(3, "a"), ...partNames(3, "b"), ...partNames(4, "a")];
  expect(new Set(all).size).toBe(all.length);
  expect(all.map(partRevision)).toEqual(all.map((name) => Number(name.split("-")[0])));
  expect(partRevision("something else")).toBeUndefined();
  expect(partRevision(`${"9".repeat(20)}-0123456789abcdef-a-0`)).toBeUndefined();
});

test("writeTable() refuses a table over the limit", () => {
  const services = { web: { versions: { v1: {} }, salt: "x".repeat(TABLE_BYTES_MAX) } };
  expect(writeTable({ revision: 1, services }, "a")).toBeUndefined();
});

test.each([
  ["not JSON at all", "it is not JSON"],
  ['{"revision":1,"services":{}}', "format"],
  ['{"format":"sluice-table-1","revision":0,"services":{}}', "revision"],
  ['{"format":"sluice-table-1","revision":1,"services":{"web":7}}', "services.web"],
  ['{"format":"sluice-table-2","revision":1,"services":{}}', "format"],
])("readHead(%o) says what is wrong: %s", (text, reason) => {
  const head = readHead(text);
  expect(head).toMatchObject({ kind: "unreadable" });
  expect("reason" in head && head.reason).toContain(reason);
});
