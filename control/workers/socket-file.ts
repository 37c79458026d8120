import { chmod, lchown, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errorText } from "../../proxy/base/error-text.ts";
import { ListenError } from "../base/errors.ts";
import type { SocketFile } from "../config/control-schema.ts";

/** Where the system keeps its groups. Those of a directory service are known by number only. */
const GROUPS_FILE = "/etc/group";

/** Takes all rights from whatever is made meanwhile. */
const NO_RIGHTS = 0o777;

/** Bits of a folder's mode: all may write, and then only owners may remove what is theirs. */
const WRITABLE_BY_ALL = 0o002;
const STICKY = 0o1000;

/** Does, at once, what makes a file, so that nobody at all may open that. */
export function withNoRights<Result>(make: () => Result): Result {
  const before = process.umask(NO_RIGHTS);
  try {
    return make();
  } finally {
    process.umask(before);
  }
}

/**
 * Refuses a path in whose folder anybody could put something else in the socket's place.
 * @throws ListenError
 */
export async function assertOwnFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const { mode } = await stat(folder).catch((error: unknown) => {
    throw new ListenError(`unix:${path}`, errorText(error));
  });
  if ((mode & WRITABLE_BY_ALL) === 0 || (mode & STICKY) !== 0) return;
  const why = `everybody may replace files in ${folder}; wanted a folder that only some may write`;
  throw new ListenError(`unix:${path}`, why);
}

/**
 * Lets those open a socket's file who may.
 * @throws ListenError
 */
export async function openToSome(
  { path, mode, group }: SocketFile,
  groupsFile = GROUPS_FILE,
): Promise<void> {
  try {
    if (group !== undefined) await lchown(path, -1, await groupNumber(group, groupsFile));
    await chmod(path, mode);
  } catch (error) {
    throw new ListenError(`unix:${path}`, errorText(error));
  }
}

async function groupNumber(group: string | number, groupsFile: string): Promise<number> {
  if (typeof group === "number") return group;
  const lines = (await readFile(groupsFile, "utf8")).split("\n").map((line) => line.split(":"));
  const [, , digits] = lines.find(([name]) => name === group) ?? [];
  if (digits === undefined || !/^\d+$/.test(digits)) {
    throw new Error(`wanted a group of ${groupsFile}, or a number, found ${group}`);
  }
  return Number(digits);
}
