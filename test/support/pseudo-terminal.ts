import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import type { TerminalSize } from "../../control/cli/terminal.ts";
import { screenOf } from "./fake-terminal.ts";
import { CLI } from "./sidecar.ts";

/** Whether there is util-linux's script(1), which runs a program in a terminal of its own. */
export const HAS_SCRIPT = String(spawnSync("script", ["--version"]).stdout).includes("util-linux");

/** A program in a terminal of its own. */
export type InTerminal = {
  /** Everything that it wrote, as it came. */
  readonly written: () => string;
  /** What is to be seen, a text a line. */
  readonly lines: () => readonly string[];
  readonly type: (text: string) => void;
  /** Resolves with its exit status. */
  readonly ended: Promise<number | null>;
};

/** Runs `sluice` in a terminal of this size (and kind), which ends with the test. */
export function runInTerminal(
  args: readonly string[],
  size: TerminalSize,
  term = "xterm-256color",
): InTerminal {
  const program = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(" ");
  const command = `stty rows ${size.rows} cols ${size.columns}; exec ${program}`;
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    env: { ...process.env, TERM: term, NO_COLOR: "1", SHELL: "/bin/sh" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let written = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (written += text));
  child.stdin.on("error", () => undefined);
  return {
    written: () => written,
    lines: () => screenOf(written, size),
    type: (text) => void child.stdin.write(text),
    ended: once(child, "exit").then(([code]) => code as number | null),
  };
}
