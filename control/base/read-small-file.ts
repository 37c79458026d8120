import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { open } from "node:fs/promises";
import { asFileFlaw, FileFlaw } from "./file-flaw.ts";
import { secrecyFlaw, writableFlaw } from "./secret-mode.ts";
import type { ModeFlaw } from "./secret-mode.ts";

/** O_NONBLOCK: opening a named pipe that nobody writes would otherwise wait for ever. */
const HOW = constants.O_RDONLY | constants.O_NONBLOCK;

/** What people have to know to understand a code of the system. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "none (ENOENT)",
  ENOTDIR: "none (ENOTDIR)",
  EACCES: "one that our user may not read (EACCES)",
};

/** What a file must be before it is read. */
export type FileRule = {
  /** A larger file holds something else. */
  readonly bytesMax: number;
  /**
   * What others may do with it. nothing: it is a secret. read: whoever can write it gains rights,
   * so not everybody may. anything: nobody checks.
   */
  readonly others: "nothing" | "read" | "anything";
};

/**
 * Reads a file that we are given: a token, a key, a list. It is a regular file, not a pipe, because
 * it is read again when it changes and after an upgrade.
 * @throws FileFlaw, which names the file and what would help, and never quotes what it holds
 */
export async function readSmallFile(path: string, rule: FileRule): Promise<Buffer> {
  try {
    await using file = await open(path, HOW);
    const flaw = flawOf(path, await file.stat(), rule);
    if (flaw === undefined) return await file.readFile();
    throw new FileFlaw(flaw.wanted, flaw.found);
  } catch (error) {
    const { wanted, found } = asFileFlaw(error, `a readable file ${path}`);
    throw new FileFlaw(wanted, SYSTEM_ERRORS[found] ?? found);
  }
}

function flawOf(path: string, stats: Stats, { bytesMax, others }: FileRule): ModeFlaw | undefined {
  if (!stats.isFile()) {
    const found = stats.isDirectory() ? "a folder" : "something else";
    return { wanted: `a regular file ${path}`, found };
  }
  const flaw = modeFlaw(path, stats, others);
  if (flaw !== undefined || stats.size <= bytesMax) return flaw;
  return { wanted: `at most ${bytesMax} bytes in ${path}`, found: `${stats.size}` };
}

function modeFlaw(path: string, stats: Stats, others: FileRule["others"]): ModeFlaw | undefined {
  switch (others) {
    case "nothing":
      return secrecyFlaw(path, stats, process.getuid?.());
    case "read":
      return writableFlaw(path, stats);
    case "anything":
      return undefined;
  }
}
