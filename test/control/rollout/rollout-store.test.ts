import { expect, test } from "vitest";
import { encodeRollouts } from "../../../control/rollout/rollout-document.ts";
import { RolloutStore } from "../../../control/rollout/rollout-store.ts";
import { MemoryDocuments } from "../../../control/store/memory-documents.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { rolloutOf } from "./specs.ts";

const ROLLOUT = rolloutOf();

function open(documents = new MemoryDocuments()): { store: RolloutStore; warned: string[] } {
  const warned: string[] = [];
  const log = {
    info: () => undefined,
    warn: (event: string) => void warned.push(event),
    error: () => undefined,
  };
  return { store: new RolloutStore(documents, { log, clock: fixedClock }), warned };
}

test("RolloutStore gives what another one has saved, by id and by service", async () => {
  const documents = new MemoryDocuments();
  const [one, other] = [open(documents).store, open(documents).store];
  await one.save(ROLLOUT);
  await one.save({ ...ROLLOUT, id: "web-2" });
  await other.load();
  expect(other.find("web-1")).toEqual(ROLLOUT);
  expect([other.find("web")?.id, other.latest("web")?.id]).toEqual(["web-2", "web-2"]);
  expect(other.find("web-3")).toBeUndefined();
});

test("RolloutStore lets one of two win, and the other knows then what was written", async () => {
  const documents = new MemoryDocuments();
  const [one, other] = [open(documents).store, open(documents).store];
  await one.save(ROLLOUT);
  expect(await other.save({ ...ROLLOUT, phase: "paused" })).toBe(false);
  expect(other.find("web-1")?.phase).toBe("progressing");
  expect(await other.save({ ...ROLLOUT, phase: "paused" })).toBe(true);
  expect(await one.save({ ...ROLLOUT, phase: "aborted" })).toBe(false);
});

test("RolloutStore leaves a document that it cannot read, and says so once", async () => {
  const documents = new MemoryDocuments();
  await documents.save("shop", '{"format":"sluice-rollouts","formatVersion":2}', undefined);
  await documents.save("web", encodeRollouts({ latest: ROLLOUT, past: [] }), undefined);
  const { store, warned } = open(documents);
  await store.load();
  expect([store.all().length, warned]).toEqual([1, ["rollout.unreadable"]]);
  expect(await store.save({ ...ROLLOUT, spec: { ...ROLLOUT.spec, service: "shop" } })).toBe(false);
});

test("RolloutStore keeps what could not be saved until it is", async () => {
  const { store } = open();
  await store.save(ROLLOUT);
  const aborted = { ...ROLLOUT, phase: "aborted" as const };
  store.keep(aborted);
  await store.load();
  expect([store.find("web-1")?.phase, store.unsaved]).toEqual(["aborted", [aborted]]);
  await store.save(aborted, aborted);
  expect(store.unsaved).toEqual([]);
});

test("RolloutStore saves nothing that another decision has overtaken", async () => {
  const { store } = open();
  await store.save(ROLLOUT);
  const paused = { ...ROLLOUT, phase: "paused" as const };
  expect(await store.save(paused, ROLLOUT)).toBe(true);
  expect(await store.save({ ...ROLLOUT, phase: "successful" }, ROLLOUT)).toBe(false);
  expect(store.find("web-1")).toBe(paused);
});
