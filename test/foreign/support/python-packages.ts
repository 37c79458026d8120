import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { installPackages } from "./debian.ts";
import { FOREIGN_FOLDER, PYTHON_FOLDER } from "./programs.ts";

const run = promisify(execFile);

/** Most of the time is spent on unpacking, for which others want the processors too. */
const INSTALL_TIMEOUT_MS = 600_000;

/** A virtual environment with requirements.txt, made anew when that has changed. */
export async function installPythonPackages(): Promise<void> {
  const requirements = join(FOREIGN_FOLDER, "requirements.txt");
  const wanted = await readFile(requirements, "utf8");
  /** Written last, so it says that the environment is whole. */
  const installed = join(PYTHON_FOLDER, "installed.txt");
  if ((await readFile(installed, "utf8").catch(() => "")) === wanted) return;
  await rm(PYTHON_FOLDER, { recursive: true, force: true });
  await mkdir(PYTHON_FOLDER, { recursive: true });
  await makeEnvironment();
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const python = join(PYTHON_FOLDER, "bin", "python");
  await run(python, [...pip, "-r", requirements], { timeout: INSTALL_TIMEOUT_MS });
  await writeFile(installed, wanted);
}

/** Debian's Python comes without what makes environments. */
async function makeEnvironment(): Promise<void> {
  const make = (): Promise<unknown> =>
    run("python3", ["-m", "venv", "--clear", PYTHON_FOLDER], { timeout: INSTALL_TIMEOUT_MS });
  try {
    await make();
  } catch {
    await installPackages(["python3-venv"]);
    await make();
  }
}
