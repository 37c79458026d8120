import type { StoredTable } from "../../../control/store/store.ts";

/** A table of some 200 KiB: large enough that writing it takes several steps. */
export function storedTable(revision: number): StoredTable {
  const endpoints = Array.from({ length: 500 }, (_, index) => `10.0.${index % 250}.1:${revision}`);
  const service = { versions: { v1: { endpoints } } };
  const names = Array.from({ length: 20 }, (_, index) => [`service-${index}`, service]);
  return { revision, services: Object.fromEntries(names) };
}
