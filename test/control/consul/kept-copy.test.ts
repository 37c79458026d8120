import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { KeptCopy } from "../../../control/consul/kept-copy.ts";

const schema = z.object({ n: z.number() });

/** A copy in a folder of its own, which need not exist yet, and what it logged. */
async function copy() {
  const root = await mkdtemp(join(tmpdir(), "sluice-copy-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const folder = join(root, "sidecar");
  const path = join(folder, "copy.json");
  const logged: string[] = [];
  const note = (event: string): void => void logged.push(event);
  const log = { info: note, warn: note, error: note };
  return { root, folder, path, logged, copy: new KeptCopy(path, schema, log), log };
}

test("KeptCopy.load() gives what was saved last, and nothing without a file", async () => {
  const { copy: kept, path, logged, log } = await copy();
  expect(await kept.load()).toBeUndefined();
  for (let n = 1; n <= 50; n += 1) kept.save({ n });
  await kept.settled();
  expect(await new KeptCopy(path, schema, log).load()).toEqual({ n: 50 });
  expect(logged).toEqual([]);
});

test("KeptCopy leaves one file, which only its owner can read", async () => {
  const { copy: kept, folder, path } = await copy();
  kept.save({ n: 1 });
  await kept.settled();
  expect(await readdir(folder)).toEqual(["copy.json"]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each(["", "{", '{"n":"1"}', "[]"])(
  "KeptCopy.load() warns of a file that is %j",
  async (text) => {
    const { root, logged, log } = await copy();
    const path = join(root, "copy.json");
    await writeFile(path, text);
    expect(await new KeptCopy(path, schema, log).load()).toBeUndefined();
    expect(logged).toEqual(["kept_copy.unreadable"]);
    expect(await readFile(path, "utf8")).toBe(text);
  },
);

test("KeptCopy.save() that fails costs a warning, and the next one is tried", async () => {
  const { root, logged, log } = await copy();
  await writeFile(join(root, "file"), "");
  const kept = new KeptCopy(join(root, "file", "copy.json"), schema, log);
  kept.save({ n: 1 });
  await kept.settled();
  kept.save({ n: 2 });
  await kept.settled();
  expect(logged).toEqual(["kept_copy.unwritable", "kept_copy.unwritable"]);
});

test("KeptCopy without a path keeps nothing", async () => {
  const { log, logged } = await copy();
  const kept = new KeptCopy(undefined, schema, log);
  kept.save({ n: 1 });
  await kept.settled();
  expect(await kept.load()).toBeUndefined();
  expect(logged).toEqual([]);
});
