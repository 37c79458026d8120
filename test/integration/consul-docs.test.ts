import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { consulForTests } from "../support/consul-binary.ts";
import { TestAgent } from "../support/consul.ts";
import { CLI } from "../support/sidecar.ts";

/*
 * Goal: the example of docs/consul.md does what the page says. Method: its blocks are run as they
 * are, by sh, with free ports instead of theirs and with the test's own agent.
 */

const binary = (await consulForTests()) ?? "";
const PAGE = new URL("../../docs/consul.md", import.meta.url);
/** Two services and two sidecars start, on a busy machine. */
const RUN_DEADLINE_MS = 40_000;

/** A number P, `from` or above, such that ports P1 and P2 are free: `300` for 3001 and 3002. */
async function freeDecade(from: number): Promise<number> {
  for (;;) {
    const decade = from + Math.floor(Math.random() * 400);
    const free = await Promise.all([1, 2].map((last) => isFree(decade * 10 + last)));
    if (free.every(Boolean)) return decade;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    await once(server.close(), "close");
    return true;
  } catch {
    return false;
  }
}

/** Runs a script in a process group of its own; gives what it wrote. */
async function run(script: string, folder: string): Promise<[string, ChildProcess]> {
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
  const child = spawn("sh", ["-ec", script], {
    cwd: folder,
    timeout: RUN_DEADLINE_MS,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  // Its background processes hold stdout open, so it is the shell's own end that counts.
  const [status] = (await once(child, "exit")) as [number | null];
  if (status === 0) return [text, child];
  killGroup(child);
  throw new Error(`The example ended with ${status}: ${text}${errors}`);
}

function killGroup(child: ChildProcess | undefined): void {
  try {
    if (child?.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}

test.skipIf(binary === "")(
  "the example of docs/consul.md works as it stands there",
  async () => {
    await using agent = await TestAgent.start(binary);
    const folder = await mkdtemp(join(tmpdir(), "sluice-docs-"));
    const services = await freeDecade(2_000);
    const shop = await freeDecade(2_400);
    const control = await freeDecade(2_800);
    const page = (await readFile(PAGE, "utf8"))
      .replace("consul agent -dev &\n", "")
      .replaceAll("localhost:8500", agent.address.slice("http://".length))
      .replaceAll("http://127.0.0.1:8500", agent.address)
      .replaceAll("300$v", `${services}$v`)
      .replaceAll(/\b808(?=[12]\b)/g, String(shop))
      .replaceAll(/\b918(?=[12]\b)/g, String(control));
    const [register = "", yaml = "", shift = ""] = [...page.matchAll(/```\w+\n(.*?)```/gs)].map(
      ([, block]) => block,
    );
    expect(register).toContain("Meta");
    expect(shift).toContain("--wait fleet");
    await writeFile(join(folder, "sluice.yaml"), yaml);
    const sluice = join(folder, "sluice");
    await writeFile(sluice, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
    await chmod(sluice, 0o755);
    const children: ChildProcess[] = [];
    try {
      children.push((await run(register, folder))[1]);
      const [text, child] = await run(shift, folder);
      children.push(child);
      const [shifted, answered, ...fleet] = text.slice(text.lastIndexOf("}") + 1).split("\n");
      expect(shifted).toBe("web is at revision 2: v1=0 (0 %), v2=100 (100 %)");
      expect(answered).toBe("v2");
      expect(fleet.join("\n")).toMatch(new RegExp(`-${control}1 +2 .*\n.*-${control}2 +2 `));
    } finally {
      for (const child of children) killGroup(child);
      await rm(folder, { recursive: true, maxRetries: 5 });
    }
  },
  60_000,
);
