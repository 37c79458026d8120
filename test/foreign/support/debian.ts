import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { FOREIGN_CACHE } from "./programs.ts";

const run = promisify(execFile);

/** The lists of a mirror, tens of MB. */
const UPDATE_TIMEOUT_MS = 120_000;
/** All packages together are some 200 MB. */
const INSTALL_TIMEOUT_MS = 420_000;

/** RUNLEVEL=1: init scripts that come along are not started. */
const ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };

/** What Debian calls the package with docker's client: of Debian 13 on, and before. */
const DOCKER_PACKAGES = ["docker-cli", "docker.io"];

/** Installs packages of Debian or Ubuntu. @throws without apt-get or root. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const install = ["install", "--yes", "--quiet", "--no-install-recommends", ...packages];
  if (process.getuid?.() !== 0) {
    throw new Error(`this needs root: apt-get ${install.join(" ")}`);
  }
  await run("apt-get", ["update", "-qq"], { env: ENVIRONMENT, timeout: UPDATE_TIMEOUT_MS });
  await run("apt-get", install, { env: ENVIRONMENT, timeout: INSTALL_TIMEOUT_MS });
}

/** Only unpacks docker's client: installing the package would start a daemon. Needs no root. */
export async function installDocker(): Promise<void> {
  await mkdir(FOREIGN_CACHE, { recursive: true });
  const folder = await mkdtemp(join(FOREIGN_CACHE, "fetch-"));
  try {
    await downloadFirst(folder, DOCKER_PACKAGES);
    const archive = (await readdir(folder)).find((name) => name.endsWith(".deb")) ?? "";
    await run("dpkg-deb", ["-x", join(folder, archive), join(folder, "root")]);
    await rename(join(folder, "root"), join(FOREIGN_CACHE, "docker"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Downloads the first package that this Debian has. @throws when it has none. */
async function downloadFirst(cwd: string, packages: readonly string[]): Promise<void> {
  const failures: unknown[] = [];
  for (const name of packages) {
    try {
      await run("apt-get", ["-qq", "download", name], { cwd, timeout: INSTALL_TIMEOUT_MS });
      return;
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures.at(-1);
}
