import { expect, onTestFinished, test, vi } from "vitest";
import { MemoryStore } from "../../../control/store/memory-store.ts";
import { describeStore, storedTable } from "../../cases/store-cases.ts";

describeStore("memory", () => Promise.resolve(new MemoryStore()));

test("MemoryStore copies only the documents that a change is about", async () => {
  const store = new MemoryStore();
  const { web } = storedTable(1).services;
  if (web === undefined) return expect.unreachable();
  const many = Array.from({ length: 100 }, (_, at) => [`web${at}`, { ...web }] as const);
  const services = Object.fromEntries(many);
  await store.save({ revision: 1, services }, 0);
  const copied = vi.spyOn(globalThis, "structuredClone");
  onTestFinished(() => copied.mockRestore());
  const changed = { ...services, web0: { ...web } };
  await store.save({ revision: 2, services: changed }, 1);
  expect(copied).toHaveBeenCalledTimes(1);
  expect(await store.load()).toEqual({ revision: 2, services: changed });
});
