import { createHash } from "node:crypto";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
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
