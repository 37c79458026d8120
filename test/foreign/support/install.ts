import { installDocker, installPackages } from "./debian.ts";
import { buildGoPrograms } from "./go-programs.ts";
import { installNodePackages } from "./node-packages.ts";
import { SYSTEM_PROGRAMS, findProgram } from "./programs.ts";
import { installPythonPackages } from "./python-packages.ts";

/**
 * Before all tests: brings the programs of others that this machine does not have. What cannot be
 * had is said loudly, and the tests that need it are skipped; with CI=true that is an error.
 */
export async function setup(): Promise<void> {
  const problems: string[] = [];
  const attempt = async (what: string, install: () => Promise<void>): Promise<void> => {
    await install().catch((error: unknown) => problems.push(`${what}: ${textOf(error)}`));
  };
  const missing = Object.keys(SYSTEM_PROGRAMS).filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => SYSTEM_PROGRAMS[name] ?? name))];
    await attempt(missing.join(", "), () => installPackages(packages));
  }
  if (findProgram("docker") === undefined) await attempt("docker", installDocker);
  await Promise.all([
    attempt("gunicorn, Flask and other packages of Python", installPythonPackages),
    attempt("express-ntlm and other packages of Node", installNodePackages),
    attempt("grpc-go and programs of ours with it", buildGoPrograms),
  ]);
  if (problems.length > 0) report(problems);
}

function report(problems: readonly string[]): void {
  const text = problems.map((problem) => `*** ${problem}\n`).join("");
  const message = `Cannot get programs of others for the tests:\n${text}`;
  if (process.env["CI"] === "true") throw new Error(message);
  process.stderr.write(`\n*** ${message}*** SKIPPED: all tests that need one of them.\n`);
}

function textOf(error: unknown): string {
  const { stderr } = error as { stderr?: string };
  const last = stderr?.trim().split("\n").slice(-3).join(" | ") ?? "";
  return `${error instanceof Error ? error.message.split("\n")[0] : String(error)} ${last}`;
}
