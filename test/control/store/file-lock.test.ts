import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileLock } from "../../../control/store/file-lock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Above pid_max of every system we know. */
const DEAD_PID = 2 ** 30;

async function lockPath(): Promise<string> {
  return join(await temporaryFolder(), "lock");
}

describe("FileLock", () => {
  test("leaves nothing behind when it is released", async () => {
    const path = await lockPath();
    const lock = await FileLock.take(path);
    expect(await readdir(join(path, ".."))).toStrictEqual(["lock"]);
    await lock.release();
    expect(await readdir(join(path, ".."))).toStrictEqual([]);
    await lock.release();
  });

  test.runIf(process.platform === "linux")(
    "takes over the lock of an earlier process with our number (Linux, which tells them apart)",
    async () => {
      const path = await lockPath();
      await writeFile(path, JSON.stringify({ pid: process.pid, started: "1", id: "x" }));
      const lock = await FileLock.take(path);
      await expect(lock.isThere()).resolves.toBe(true);
    },
  );

  test("is one's own in the end, when many take over that of a dead process at once", async () => {
    const path = await lockPath();
    for (let round = 0; round < 10; round += 1) {
      await writeFile(path, JSON.stringify({ pid: DEAD_PID, id: "x" }));
      const takes = Array.from({ length: 20 }, () => FileLock.take(path));
      const locks = (await Promise.allSettled(takes)).flatMap((take) =>
        take.status === "fulfilled" ? [take.value] : [],
      );
      const checks = await Promise.allSettled(locks.map((lock) => lock.isThere()));
      expect(checks.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(await readdir(join(path, ".."))).toStrictEqual(["lock"]);
      await Promise.all(locks.map((lock) => lock.release()));
    }
  });

  test.each(["", "{", "{}", '{"pid":"1"}'])("never takes a file that holds %j", async (text) => {
    const path = await lockPath();
    await writeFile(path, text);
    await expect(FileLock.take(path)).rejects.toMatchObject({
      code: "store_locked",
      message: `Cannot read ${path}: it does not say which process has it`,
    });
    expect(await readFile(path, "utf8")).toBe(text);
  });

  test("isThere() notices that the lock is gone, or taken", async () => {
    const path = await lockPath();
    const lock = await FileLock.take(path);
    await rm(path);
    expect(await lock.isThere()).toBe(false);
    await writeFile(path, JSON.stringify({ pid: 1, id: "x" }));
    await expect(lock.isThere()).rejects.toThrow(`Cannot rely on ${path}: process 1 has taken it`);
    await lock.release();
    expect(await readFile(path, "utf8")).toContain('"pid":1');
  });
});
