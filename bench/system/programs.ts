import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Folders that hold servers on Debian and are not on every user's PATH. */
const SERVER_FOLDERS = ["/usr/local/sbin", "/usr/sbin"];

/** Where `npm run bench:contenders` puts what no package manager of the system has. */
export function cacheFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(cache, "sluice-bench");
}

/** Path of an installed program. undefined: it is not there. */
export function findProgram(name: string): string | undefined {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const folders = [...onPath, ...SERVER_FOLDERS, join(cacheFolder(), "envoy", "bin")];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** The version that a program states: the first number with dots. undefined: it states none. */
export async function versionOf(
  file: string,
  flags: readonly string[],
): Promise<string | undefined> {
  // Some print it to stderr, some end with a status above 0.
  const { stdout, stderr } = await promisify(execFile)(file, [...flags], { timeout: 5_000 }).catch(
    (error: { stdout?: string; stderr?: string }) => error,
  );
  return /\d+(?:\.\d+)+/.exec(`${stdout ?? ""} ${stderr ?? ""}`)?.[0];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
