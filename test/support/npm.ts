import { execFile } from "node:child_process";
import { cp, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What `npm pack` needs of the project. */
const PACKED = ["package.json", "rolldown.config.ts", "README.md", "LICENSE", "proxy", "control"];

/** Time for a clean installation, from a registry if it comes to that. */
export const INSTALL_TIMEOUT_MS = 180_000;

const run = promisify(execFile);

/**
 * Runs npm in a folder, as a user outside this project would; gives what it wrote to stderr.
 * `path`: where it and its Node are looked for. @throws when it fails.
 */
export async function npm(
  cwd: string,
  args: readonly string[],
  path = process.env["PATH"],
): Promise<string> {
  const env = { ...plainEnvironment(), PATH: path };
  const { stderr } = await run("npm", args, { cwd, env, timeout: INSTALL_TIMEOUT_MS });
  return stderr;
}

/** Builds and packs the project in a folder of its own below `folder`: the package's file. */
export async function packedInto(folder: string): Promise<string> {
  const source = join(folder, "source");
  for (const part of PACKED) await cp(join(ROOT, part), join(source, part), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(source, "node_modules"));
  await npm(source, ["pack", "--pack-destination", folder]);
  const [packed = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  return join(folder, packed);
}

/** The environment without what `npm test` put there, which would send npm to our own folder. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_local_prefix|package|lifecycle)|^INIT_CWD$|^NODE_ENV$/.test(name),
  );
  return { ...Object.fromEntries(kept), npm_config_prefer_offline: "true" };
}
