import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { CLI } from "../support/sidecar.ts";

/** A demo that has begun its load: how it can be ended, and where its processes listen. */
type RunningDemo = {
  readonly pid: number;
  readonly urls: readonly string[];
  /** Closes the pipe that it writes to, as `head -1` does. */
  readonly leave: () => void;
  readonly ended: Promise<unknown[]>;
  readonly stderr: () => string;
};

async function startDemo(): Promise<RunningDemo> {
  const child = spawn(process.execPath, [CLI, "demo", "--once"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += String(chunk)));
  const urls: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "") break;
    urls.push(...(line.match(/http:[^\s]+/g) ?? []));
  }
  const leave = (): void => void child.stdout.destroy();
  return { pid: child.pid ?? 0, urls, leave, ended, stderr: () => stderr };
}

/** Which of the addresses still answer. */
async function answering(urls: readonly string[]): Promise<readonly string[]> {
  const answers = await Promise.allSettled(urls.map((url) => fetch(url)));
  return urls.filter((_url, index) => answers[index]?.status === "fulfilled");
}

test.each([
  ["its terminal closes", ({ pid }: RunningDemo) => process.kill(pid, "SIGHUP"), [0, null]],
  ["its reader leaves", ({ leave }: RunningDemo) => leave(), [0, null]],
  ["it is killed", ({ pid }: RunningDemo) => process.kill(pid, "SIGKILL"), [null, "SIGKILL"]],
])("sluice demo leaves no process behind when %s", async (_name, end, how) => {
  const demo = await startDemo();
  expect(demo.urls).toHaveLength(4);
  end(demo);
  expect(await demo.ended).toEqual(how);
  expect(demo.stderr()).toBe("");
  await eventually(async () => expect(await answering(demo.urls)).toEqual([]));
});
