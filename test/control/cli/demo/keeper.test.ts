import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { demoKeeperFile } from "../../../../control/base/program-files.ts";
import { eventually } from "../../../support/eventually.ts";

/** A keeper of a program that runs `script`. */
function keep(file: string, script: string): ChildProcess {
  const keeper = fork(demoKeeperFile(), [file, "-e", script], { silent: true });
  onTestFinished(() => void keeper.kill("SIGKILL"));
  return keeper;
}

/** The pid that the program of a keeper says, as its first word. */
async function pidOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new Error("The keeper has no stdout");
  const [said] = (await once(stdout, "data")) as [Buffer];
  return Number(said.toString());
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const LIVE_ON = "console.log(process.pid); setInterval(() => {}, 1000);";

test.each([
  ["its channel closes, as when the demo is killed", (keeper: ChildProcess) => keeper.disconnect()],
  ["SIGTERM asks for it", (keeper: ChildProcess) => keeper.kill("SIGTERM")],
])("a keeper ends its program, and itself, when %s", async (_name, end) => {
  const keeper = keep(process.execPath, LIVE_ON);
  const pid = await pidOf(keeper);
  const ended = once(keeper, "exit");
  end(keeper);
  expect(await ended).toEqual([1, null]);
  await eventually(() => expect(isAlive(pid)).toBe(false));
});

test("a keeper kills a program that does not end when it is asked", async () => {
  const keeper = keep(process.execPath, `process.on("SIGTERM", () => {}); ${LIVE_ON}`);
  const pid = await pidOf(keeper);
  keeper.disconnect();
  await once(keeper, "exit");
  expect(isAlive(pid)).toBe(false);
});

test("a keeper ends with its program's status", async () => {
  expect(await once(keep(process.execPath, "process.exit(7)"), "exit")).toEqual([7, null]);
});

test("a keeper says that there is no such program", async () => {
  const keeper = keep("/nowhere/consul", "");
  let said = "";
  keeper.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  expect(await once(keeper, "close")).toEqual([1, null]);
  expect(said).toBe("spawn /nowhere/consul ENOENT\n");
});
