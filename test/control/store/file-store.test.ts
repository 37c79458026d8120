import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { StoreError } from "../../../control/base/errors.ts";
import { FileStore } from "../../../control/store/file-store.ts";
import { encodeTable } from "../../../control/store/table-file.ts";
import { describeStore, storedTable } from "../../cases/store-cases.ts";
import { fixedClock } from "../../support/fixed-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import * as big from "./big-table.ts";

const note = (): void => undefined;
const deps = { clock: fixedClock, log: { info: note, warn: note, error: note } };

async function open(path: string): Promise<FileStore> {
  const store = await FileStore.open(path, deps);
  onTestFinished(() => store.close());
  return store;
}

async function newStore(): Promise<{ path: string; store: FileStore }> {
  const path = join(await temporaryFolder(), "state.json");
  return { path, store: await open(path) };
}

async function errorOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.then(
    () => undefined,
    (each: unknown) => each,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

/** A process that saves into `path` in a loop; resolves when it holds the lock. */
async function startSaving(path: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "save-loop.ts"), [path], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  onTestFinished(() => kill(child));
  await once(child.stdout as NonNullable<ChildProcess["stdout"]>, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

describeStore("file", async () => (await newStore()).store);

describe("FileStore", () => {
  test("a new one on the same file finds the table", async () => {
    const { path, store } = await newStore();
    await store.save(storedTable(1), 0);
    await store.close();
    expect(await (await open(path)).load()).toStrictEqual(storedTable(1));
  });

  test("writes a file that only its owner can read, and leaves no other", async () => {
    const { path, store } = await newStore();
    await store.save(storedTable(1), 0);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await store.close();
    expect(await readdir(join(path, ".."))).toStrictEqual(["state.json"]);
  });

  test.each([
    ["empty", "", "store_torn", "it is empty; it was left as it is"],
    ["cut off", encodeTable(storedTable(1)).slice(0, -9), "store_torn", "it is not whole JSON"],
    [
      "edited",
      encodeTable(storedTable(1)).replace('"weight": 1', '"weight": 9'),
      "store_torn",
      "its checksum is wrong",
    ],
    [
      "of another revision",
      encodeTable(storedTable(1)).replace('"revision": 1', '"revision": 2'),
      "store_torn",
      "its checksum is wrong",
    ],
    [
      "without services",
      '{"format":"sluice-table","formatVersion":1}',
      "store_torn",
      "a part of it is missing",
    ],
    ["of others", '{"services":{}}', "store_foreign", "it is not a table of Sluice"],
    ["a list", "[]", "store_foreign", "it is not a table of Sluice"],
    [
      "of a newer format",
      '{"format":"sluice-table","formatVersion":2}',
      "store_foreign",
      "wanted format version 1, found 2",
    ],
  ])("refuses a file that is %s, and leaves it", async (_, text, code, reason) => {
    const { path, store } = await newStore();
    await writeFile(path, text);
    for (const work of [
      () => store.load(),
      () => store.save(storedTable(1), 0),
      () => store.save(storedTable(2), 1),
    ]) {
      const error = await errorOf(work());
      expect(error.code).toBe(code);
      expect(error.message).toContain(`Cannot read ${path}: ${reason}`);
    }
    expect(await readFile(path, "utf8")).toBe(text);
  });

  test("refuses a file that cannot be read", async () => {
    const { path, store } = await newStore();
    await mkdir(path);
    const error = await errorOf(store.load());
    expect(error.code).toBe("store_unreadable");
    expect(error.message).toContain(`Cannot read ${path}: EISDIR`);
  });

  test("keeps the old table while a new one cannot be written, and says so", async () => {
    const { path, store } = await newStore();
    await store.save(storedTable(1), 0);
    // Stands in for a full disk: nothing can be created in a folder that is a file.
    const folder = join(path, "..");
    const text = await readFile(path, "utf8");
    await rename(folder, `${folder}.moved`);
    onTestFinished(() => rm(`${folder}.moved`, { recursive: true, force: true }));
    const error = await errorOf(store.save(storedTable(2), 1));
    expect(error.code).toBe("store_unwritable");
    expect(store.problem).toContain(`Cannot create ${path}.lock: ENOENT`);
    await rename(`${folder}.moved`, folder);
    expect(await readFile(path, "utf8")).toBe(text);
    await store.save(storedTable(2), 1);
    expect([store.problem, await store.load()]).toStrictEqual([undefined, storedTable(2)]);
  });

  test("serves a good table where nothing can be written, and refuses writes", async () => {
    // Stands in for a read-only disk: names of the lock's and the table's drafts are too long.
    const path = join(await temporaryFolder(), "t".repeat(240));
    await writeFile(path, encodeTable(storedTable(1)));
    const store = await open(path);
    expect(await store.load()).toStrictEqual(storedTable(1));
    expect(store.problem).toContain("ENAMETOOLONG");
    const error = await errorOf(store.save(storedTable(2), 1));
    expect([error.code, error.status]).toEqual(["store_unwritable", 503]);
    expect(await store.load()).toStrictEqual(storedTable(1));
  });

  test("takes its lock again after a cleaner removed it, or leaves it to another", async () => {
    const { path, store } = await newStore();
    await store.save(storedTable(1), 0);
    await rm(`${path}.lock`);
    await store.save(storedTable(2), 1);
    expect(await readFile(`${path}.lock`, "utf8")).toContain(`"pid":${process.pid}`);
    await writeFile(`${path}.lock`, JSON.stringify({ pid: process.ppid, id: "x" }));
    expect((await errorOf(store.save(storedTable(3), 2))).code).toBe("store_locked");
  });

  test("removes what a crash has left of a draft, and follows no link in its place", async () => {
    const { path, store } = await newStore();
    await store.close();
    const folder = join(path, "..");
    await writeFile(join(folder, "theirs"), "theirs");
    await symlink(join(folder, "theirs"), `${path}.new`);
    await writeFile(`${path}.${randomUUID()}.new`, "half a ta");
    const again = await open(path);
    await again.save(storedTable(1), 0);
    expect((await readdir(folder)).toSorted()).toEqual([
      "state.json",
      "state.json.lock",
      "state.json.new",
      "theirs",
    ]);
    expect(await readFile(join(folder, "theirs"), "utf8")).toBe("theirs");
  });

  test("notices that somebody else has written the file", async () => {
    const { path, store } = await newStore();
    await store.save(storedTable(1), 0);
    await writeFile(path, encodeTable(storedTable(7)));
    await expect(store.save(storedTable(2), 1)).rejects.toMatchObject({ current: 7 });
    expect(await store.load()).toStrictEqual(storedTable(7));
  });

  test("fails in words where no file can be created", async () => {
    const path = join(await temporaryFolder(), "none", "state.json");
    const error = await errorOf(FileStore.open(path, deps));
    expect(error.code).toBe("store_unwritable");
    expect(error.message).toContain(`Cannot create ${path}.lock: ENOENT`);
  });
});

describe("FileStore, when its process is killed", () => {
  test("always leaves a whole table, and a lock that the next one takes over", async () => {
    const path = join(await temporaryFolder(), "state.json");
    let revision = 0;
    for (const afterMs of [1, 7, 13, 19, 29, 37]) {
      const child = await startSaving(path);
      // Where in a save it dies is left to chance: any moment must do.
      await sleep(afterMs);
      await kill(child);
      const store = await open(path);
      const table = await store.load();
      await store.close();
      expect(table).toStrictEqual(table && big.storedTable(table.revision));
      expect(table?.revision ?? 0).toBeGreaterThanOrEqual(revision);
      revision = table?.revision ?? 0;
    }
    expect(revision).toBeGreaterThan(0);
  }, 30_000);
});

describe("FileStore, with two processes on one file", () => {
  test("refuses the second and names the first", async () => {
    const path = join(await temporaryFolder(), "state.json");
    const child = await startSaving(path);
    const error = await errorOf(FileStore.open(path, deps));
    expect(error.code).toBe("store_locked");
    expect(error.message).toBe(`Cannot take ${path}.lock: process ${child.pid} has it`);
  }, 30_000);

  test("refuses the second store of one process", async () => {
    const { path } = await newStore();
    const error = await errorOf(FileStore.open(path, deps));
    expect(error.message).toBe(`Cannot take ${path}.lock: process ${process.pid} has it`);
  });
});
