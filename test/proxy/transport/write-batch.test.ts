import { createHash } from "node:crypto";
import { once } from "node:events";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { WriteBatch } from "../../../proxy/transport/write-batch.ts";
import { eventually } from "../../support/eventually.ts";

test("WriteBatch.add() flushes each at the end of the turn, in order, once", async () => {
  const batch = new WriteBatch();
  const flushed: string[] = [];
  const writer = (name: string) => ({ flush: () => flushed.push(name) });
  batch.add(writer("a"));
  batch.add(writer("b"));
  await Promise.resolve();
  expect(flushed).toEqual([]);
  await turn();
  expect(flushed).toEqual(["a", "b"]);
  batch.add(writer("c"));
  await turn();
  await turn();
  expect(flushed).toEqual(["a", "b", "c"]);
});

test("WriteBatch.add() during a flush waits for the next turn", async () => {
  const batch = new WriteBatch();
  const flushed: string[] = [];
  const second = { flush: () => flushed.push("second") };
  batch.add({
    flush: () => {
      flushed.push("first");
      batch.add(second);
    },
  });
  await turn();
  await eventually(() => expect(flushed).toEqual(["first", "second"]));
});

test("WriteBatch.tell() comes before the writes of its turn, and its writes go along", async () => {
  const batch = new WriteBatch();
  const steps: string[] = [];
  batch.add({ flush: () => steps.push("first write") });
  batch.tell({
    onTurnEnd: () => {
      steps.push("told");
      batch.add({ flush: () => steps.push("its write") });
    },
  });
  await turn();
  expect(steps).toEqual(["told", "first write", "its write"]);
});

test("WriteBatch.turn changes with each turn that was marked, even if one throws", async () => {
  const batch = new WriteBatch();
  const first = batch.mark();
  expect(batch.mark()).toBe(first);
  await turn();
  const thrown = once(process, "uncaughtException");
  const listeners = process.listeners("uncaughtException").slice(0, -1);
  for (const each of listeners) process.off("uncaughtException", each);
  onTestFinished(() => listeners.forEach((each) => process.on("uncaughtException", each)));
  batch.tell({
    onTurnEnd: () => {
      throw new Error("told");
    },
  });
  await thrown;
  const turns: number[] = [];
  batch.tell({ onTurnEnd: () => turns.push(batch.turn) });
  await eventually(() => expect(turns).toEqual([first + 2]));
});

test("WriteBatch.watch() has writes wait while the loop is busy, and then no more", async () => {
  const batch = new WriteBatch();
  batch.watch();
  expect(batch.waits).toBe(false);
  const end = new AbortController();
  const work = async (): Promise<void> => {
    const zeros = Buffer.alloc(4 * 1024 * 1024);
    while (!end.signal.aborted) {
      createHash("sha256").update(zeros).digest();
      await turn();
    }
  };
  const working = work();
  await eventually(() => expect(batch.waits).toBe(true));
  end.abort();
  await working;
  await sleep(0);
  await eventually(() => expect(batch.waits).toBe(false));
});
