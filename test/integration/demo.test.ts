import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { CLI } from "../support/sidecar.ts";

/** A demo whose load has begun: how it can be ended, and where its processes listen. */
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
    // Leader of a group, as what a shell starts in its terminal.
    detached: true,
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

/** Command lines of the processes that a process has started, sorted. */
async function childrenOf(pid: number): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = pids.map(async (each) => {
    const stat = await readFile(`/proc/${each}/stat`, "utf8");
    // After the name, which may hold anything, and the state.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 1).split(" ")[2]);
    return parent === pid ? await readFile(`/proc/${each}/cmdline`, "utf8") : undefined;
  });
  // Others come and go.
  const read = await Promise.allSettled(lines);
  return read
    .flatMap((each) => (each.status === "fulfilled" ? (each.value ?? []) : []))
    .map((line) => line.replaceAll("\0", " ").trim())
    .toSorted();
}

test.runIf(process.platform === "linux")(
  "sluice demo starts processes whose debugger nobody can open by SIGUSR1",
  async () => {
    const demo = await startDemo();
    const node = `${process.execPath} --disable-sigusr1 `;
    const [keeper = "", ...shops] = await childrenOf(demo.pid);
    // The sidecar that the keeper starts names itself, so its own line says no more.
    expect(keeper).toMatch(new RegExp(`^${node}.*keeper\\.js .* --disable-sigusr1 .* run -c `));
    const file = "control/cli/demo/shop.js";
    expect(shops.map((line) => line.replace(/\S*control/, "control"))).toEqual([
      `${node}${file} v1`,
      `${node}${file} v2`,
    ]);
  },
);

test.each([
  ["its terminal closes", ({ pid }: RunningDemo) => process.kill(-pid, "SIGHUP"), [0, null]],
  ["its group is ended", ({ pid }: RunningDemo) => process.kill(-pid, "SIGTERM"), [0, null]],
  ["its reader leaves", ({ leave }: RunningDemo) => leave(), [0, null]],
  ["it is killed", ({ pid }: RunningDemo) => process.kill(pid, "SIGKILL"), [null, "SIGKILL"]],
])("sluice demo leaves no process behind when %s", async (_name, end, how) => {
  const demo = await startDemo();
  expect([demo.stderr(), demo.urls.length]).toEqual(["", 5]);
  end(demo);
  const ended = await demo.ended;
  // What it says first: it is why it ended in another way.
  expect([demo.stderr(), ended]).toEqual(["", how]);
  await eventually(async () => expect(await answering(demo.urls)).toEqual([]));
});
