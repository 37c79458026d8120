import * as fc from "fast-check";
import { expect, test } from "vitest";
import { KV_VALUE_BYTES_MAX } from "../../../control/consul/kv.ts";
import {
  joinParts,
  partRevision,
  readHead,
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

test("joinParts() reads a large table from its parts and notices a missing one", () => {
  const table = tableOf(12_000);
  const document = writeTable(table, "a");
  const head = readHead(document?.head ?? "") as Extract<TableHead, { kind: "split" }>;
  const texts = document?.parts.map((part) => part.text) ?? [];
  expect(head.kind).toBe("split");
  expect(head.parts).toEqual(document?.parts.map((part) => part.name));
  expect(texts.length).toBeGreaterThan(1);
  expect(texts.every((text) => Buffer.byteLength(text) <= KV_VALUE_BYTES_MAX)).toBe(true);
  expect(joinParts(head, texts)).toEqual(table);
  const damaged = { kind: "unreadable", reason: "a part is missing or damaged" };
  expect(joinParts(head, [undefined, ...texts.slice(1)])).toEqual(damaged);
});

function partNames(revision: number, writer: string): readonly string[] {
  return writeTable(tableOf(12_000, revision), writer)?.parts.map((part) => part.name) ?? [];
}

test("writeTable() names parts by revision and writer, so that no two writers share one", () => {
  const all = [...partNames(3, "a"), ...partNames(3, "b"), ...partNames(4, "a")];
  expect(new Set(all).size).toBe(all.length);
  expect(all.map(partRevision)).toEqual(all.map((name) => Number(name.split("-")[0])));
  expect(partRevision("something else")).toBeUndefined();
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
