import { appendFile, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FileLines, MEMORY_LINES_MAX, MemoryLines } from "../../../control/records/line-log.ts";
import type { LineLog } from "../../../control/records/line-log.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

async function linesOf(
  log: LineLog,
  how: "read" | "readBack" = "read",
): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of log[how]()) lines.push(line);
  return lines;
}

describe("MemoryLines", () => {
  test("keeps the newest lines", async () => {
    const log = new MemoryLines();
    for (let at = 0; at < MEMORY_LINES_MAX + 2; at += 1) await log.append(`line ${at}`);
    const lines = await linesOf(log);
    expect([lines.length, lines[0]]).toEqual([MEMORY_LINES_MAX, "line 2"]);
    expect(await linesOf(log, "readBack")).toEqual(lines.toReversed());
  });

  test("keeps fewer of them when they are long", async () => {
    const log = new MemoryLines();
    const megabyte = "x".repeat(1024 ** 2);
    for (let at = 0; at < 20; at += 1) await log.append(megabyte);
    expect(await linesOf(log)).toHaveLength(16);
  });
});

describe("FileLines", () => {
  test("reads what was written, by itself and by others, oldest first", async () => {
    const path = join(await temporaryFolder(), "log");
    const log = new FileLines(path);
    expect(await linesOf(log)).toEqual([]);
    await log.append("one");
    await log.append("zwei €");
    expect(await linesOf(new FileLines(path))).toEqual(["one", "zwei €"]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("begins a new file after a line that is not whole, and says which", async () => {
    const path = join(await temporaryFolder(), "log");
    const log = new FileLines(path);
    await log.append("one");
    await appendFile(path, "tor");
    await log.append("two");
    expect(await linesOf(log)).toEqual(["one", "two"]);
    expect(log.tornFile).toBe(path);
    expect(await readFile(path, "utf8")).toBe("one\ntor");
    expect(await readFile(`${path}.1`, "utf8")).toBe("two\n");
  });

  test("deletes its oldest files where only so many are kept", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "log");
    const log = new FileLines(path, 2);
    for (const line of ["one", "two", "three", "four"]) {
      await log.append(line);
      const newest = (await readdir(folder)).toSorted().at(-1) ?? "";
      // The next line begins another file.
      await appendFile(join(folder, newest), "torn");
    }
    expect((await readdir(folder)).toSorted()).toEqual(["log.2", "log.3"]);
    expect([log.forgets, await linesOf(log)]).toEqual([true, ["three", "four"]]);
  });

  test("leaves files alone that are not its own", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "log");
    for (const name of ["log.old", "log.01", "log.1x", "other"]) {
      await appendFile(join(folder, name), "theirs\n");
    }
    const log = new FileLines(path);
    await log.append("ours");
    expect(await linesOf(log)).toEqual(["ours"]);
    expect(await readdir(folder)).toHaveLength(5);
  });

  test("reads from the end what it reads from the beginning, over chunks and files", async () => {
    const path = join(await temporaryFolder(), "log");
    const log = new FileLines(path);
    const long = "€".repeat(70_000);
    await log.append("one");
    await log.append(long);
    await appendFile(path, "tor");
    await log.append("");
    await log.append(`${long}x`);
    await appendFile(`${path}.1`, "n");
    const again = new FileLines(path);
    expect(await linesOf(again, "readBack")).toEqual([`${long}x`, "", long, "one"]);
    expect(await linesOf(again)).toEqual(["one", long, "", `${long}x`]);
    for await (const newest of new FileLines(path).readBack()) {
      expect(newest).toBe(`${long}x`);
      break;
    }
  });

  test("writes no line that is longer than it should be, and reads on after one", async () => {
    const path = join(await temporaryFolder(), "log");
    const log = new FileLines(path);
    const mebibyte = 1024 ** 2;
    await expect(log.append("x".repeat(4 * mebibyte + 1))).rejects.toThrow(
      "wanted a line of at most 4194304 bytes, found 4194305",
    );
    await expect(readFile(path)).rejects.toThrow("ENOENT");
    await log.append("one");
    // Earlier versions wrote what they could not read.
    await appendFile(path, `${"x".repeat(5 * mebibyte)}\n${"y".repeat(17 * mebibyte)}\n`);
    await log.append("two");
    const lengths = (lines: readonly string[]): number[] => lines.map(({ length }) => length);
    expect(lengths(await linesOf(log))).toEqual([3, 5 * mebibyte, 0, 3]);
    expect(lengths(await linesOf(log, "readBack"))).toEqual([3, 0, 5 * mebibyte, 3]);
  });
});
