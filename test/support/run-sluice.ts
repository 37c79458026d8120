import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLI } from "./sidecar.ts";
import type { LogLine } from "./sidecar.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** How long a run that is meant to end by itself may take. */
const END_DEADLINE_MS = 20_000;

/** How a run of the program ended. */
export type Ended = {
  /** The exit status, or the signal that ended it. */
  readonly status: number | string;
  readonly out: string;
  readonly error: string;
};

/** Runs the program to its end, from the entry file `main`. */
export function runSluice(args: readonly string[], main = CLI): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { timeout: END_DEADLINE_MS };
    execFile(process.execPath, [main, ...args], options, (failure, out, error) => {
      const status = failure === null ? 0 : (failure.signal ?? Number(failure.code));
      resolve({ status, out, error });
    });
  });
}

/** Runs `sluice run` with a configuration that should be refused. `log`: its lines on stdout. */
export async function refusedRun(
  config: object,
): Promise<Ended & { readonly log: readonly LogLine[] }> {
  const path = join(await temporaryFolder(), "sluice.json");
  const ports = { listeners: [{ bind: "127.0.0.1:0" }], control: { bind: "127.0.0.1:0" } };
  await writeFile(path, JSON.stringify({ ...ports, ...config }));
  const ended = await runSluice(["run", "-c", path]);
  const lines = ended.out.split("\n").filter((line) => line !== "");
  return { ...ended, log: lines.map((line) => JSON.parse(line) as LogLine) };
}
