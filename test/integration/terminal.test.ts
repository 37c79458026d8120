import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { HAS_SCRIPT, runInTerminal } from "../support/pseudo-terminal.ts";
import type { InTerminal } from "../support/pseudo-terminal.ts";
import { runSluice } from "../support/run-sluice.ts";
import { CLI, startSidecar } from "../support/sidecar.ts";
import type { TestSidecar } from "../support/sidecar.ts";
import { VersionOrigin } from "../support/version-origin.ts";

/*
 * Goal: what is drawn can be read, at the size of every terminal, and elsewhere it is lines.
 * Method: the built program in real terminals (script(1)), read as a terminal shows them: whatever
 * is too wide wraps there, and is seen twice.
 */

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
] as const;

const ESCAPE = "\u001B";
const CTRL_C = "\u0003";

/** Everything of it may take this long, on a busy machine. */
const WAIT_MS = 60_000;

async function sidecar(): Promise<TestSidecar> {
  const [v1, v2] = [await VersionOrigin.start("v1"), await VersionOrigin.start("v2")];
  onTestFinished(() => [v1, v2].forEach((each) => each[Symbol.dispose]()));
  const versions = {
    v1: { weight: 90, endpoints: [v1.address] },
    v2: { weight: 10, endpoints: [v2.address] },
  };
  const started = await startSidecar({ services: { shop: { versions } } });
  onTestFinished(() => started.stop());
  return started;
}

/** Once the screen shows this: all that it shows. */
async function shown({ lines, written }: InTerminal, wanted: RegExp): Promise<readonly string[]> {
  return eventually(() => {
    const all = lines();
    expect(all.join("\n"), written()).toMatch(wanted);
    return all;
  }, WAIT_MS);
}

/** How many of the lines begin with this. */
function beginning(lines: readonly string[], word: string): number {
  return lines.filter((line) => line.startsWith(word)).length;
}

describe.runIf(HAS_SCRIPT)("In a terminal", () => {
  test.each(SIZES)(
    "sluice demo is drawn in place at $columns × $rows, and leaves what came of it",
    async (size) => {
      const demo = runInTerminal(["demo", "--once"], size);
      const during = await shown(demo, /^10 % {2}/m);
      expect(during[0]).toMatch(/^sluice demo: from v1 to v2/);
      expect([beginning(during, "STEP"), beginning(during, "0 %")]).toEqual([1, 1]);
      expect(during.join("\n")).toMatch(/^Each step gives v2 that share/m);
      demo.type(CTRL_C);
      await demo.ended;
      const after = demo.lines();
      expect(beginning(after, "STEP")).toBe(1);
      expect(after.join("\n")).toMatch(/\d+ requests in 1 step, 0 errors[^]*^Next:$/m);
    },
    2 * WAIT_MS,
  );

  test.each(SIZES)(
    "sluice top is drawn in place at $columns × $rows, asks before it acts, and goes by q",
    async (size) => {
      const { api, call } = await sidecar();
      const top = runInTerminal(["top", "--api", api], size);
      const lines = await shown(top, /^ {2}v2 +ready/m);
      expect([beginning(lines, "SERVICE"), beginning(lines, "s shift")]).toEqual([1, 1]);
      expect(lines.at(-1)).toMatch(/^s shift/);
      top.type("?");
      await shown(top, /RATE\/S, ERRORS/);
      top.type("xjsx");
      await shown(top, /^shift shop v2=x_/m);
      top.type("\u007F30%\r");
      await shown(top, /^y: do it/m);
      top.type("y");
      await shown(top, /^shop is shifted/m);
      const view = (await (await call("GET", "/v1/services/shop")).json()) as {
        readonly shares: object;
      };
      expect(view.shares).toEqual({ v1: 0.7, v2: 0.3 });
      top.type("q");
      expect(await top.ended).toBe(0);
      expect(top.written().endsWith(`${ESCAPE}[?25h${ESCAPE}[?1049l`)).toBe(true);
    },
    2 * WAIT_MS,
  );

  test("a terminal that can only go on gets lines", async () => {
    const { api } = await sidecar();
    const top = runInTerminal(["top", "--api", api, "-n", "2"], SIZES[0], "dumb");
    expect(await top.ended).toBe(0);
    const lines = top.written().trimEnd().split("\r\n");
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d revision 1; shop /);
    expect(top.written()).not.toContain(ESCAPE);
  });

  test(
    "sluice demo writes lines to a terminal that can only go on",
    async () => {
      const demo = runInTerminal(["demo", "--once"], SIZES[0], "dumb");
      await eventually(() => expect(demo.written()).toMatch(/^v2 at 0 %: .* - ok/m), WAIT_MS);
      demo.type(CTRL_C);
      await demo.ended;
      expect(demo.written()).toMatch(/^Next:/m);
      expect(demo.written()).not.toContain(ESCAPE);
    },
    2 * WAIT_MS,
  );
});

describe("In a pipe", () => {
  test("sluice top and sluice services --watch write a line a second", async () => {
    const { api } = await sidecar();
    const { status, out } = await runSluice(["top", "shop", "--api", api, "--count", "1"]);
    expect(status).toBe(0);
    expect(out).toMatch(/^\d\d:\d\d:\d\d revision 1; shop .*\n$/);
    expect(out).not.toContain(ESCAPE);
    const none = await runSluice(["top", "--api", "http://127.0.0.1:1", "-n", "1"]);
    expect(none).toMatchObject({ status: 1, error: expect.stringContaining("Cannot reach") });
  });

  test(
    "sluice demo writes a line a step, and what came of it when it is ended",
    async () => {
      const stdio = ["ignore", "pipe", "inherit"] as const;
      const demo = spawn(process.execPath, [CLI, "demo", "--once"], { stdio: [...stdio] });
      onTestFinished(() => void demo.kill("SIGKILL"));
      const ended = once(demo, "exit");
      let out = "";
      demo.stdout?.on("data", (chunk: Buffer) => (out += String(chunk)));
      await eventually(() => expect(out).toMatch(/^v2 at 0 %: .* - ok$/m), WAIT_MS);
      demo.kill("SIGINT");
      expect(await ended).toEqual([0, null]);
      expect(out).toMatch(/^\d+ requests in 1 step, 0 errors[^]*^Next:$/m);
      expect(out).not.toContain(ESCAPE);
    },
    2 * WAIT_MS,
  );
});
