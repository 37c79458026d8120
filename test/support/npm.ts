import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Time for a clean installation, from a registry if it comes to that. */
export const INSTALL_TIMEOUT_MS = 180_000;

const run = promisify(execFile);

/** Runs npm in a folder, as a user outside this project would. @throws when it fails. */
export async function npm(cwd: string, args: readonly string[]): Promise<void> {
  await run("npm", args, { cwd, env: plainEnvironment(), timeout: INSTALL_TIMEOUT_MS });
}

/** The environment without what `npm test` put there, which would send npm to our own folder. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_local_prefix|package|lifecycle)|^INIT_CWD$|^NODE_ENV$/.test(name),
  );
  return { ...Object.fromEntries(kept), npm_config_prefer_offline: "true" };
}
