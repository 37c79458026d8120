import { execFile } from "node:child_process";
import { expect, test } from "vitest";
import { runCommand } from "../../support/run-cli.ts";
import { startApi } from "../../support/running-api.ts";
import { CLI } from "../../support/sidecar.ts";

/**
 * What Bash has after a tab at the end of the line, with its words as it splits them. `compopt`
 * works in a completion that Readline has begun only, so here it says what it is asked for.
 */
async function tab(line: string, words: readonly string[], api: string): Promise<string> {
  const { out: script } = await runCommand(["completion", "bash"]);
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const program = `${script}
    sluice() { "$NODE" "$CLI" "$@"; }
    compopt() { echo "compopt $*"; }
    COMP_LINE='${line}' COMP_POINT=${line.length}
    COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}
    _sluice
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { PATH: process.env["PATH"], SLUICE_API: api, NODE: process.execPath, CLI };
  return new Promise((resolve) => {
    execFile("bash", ["--norc", "-c", program], { env }, (_failure, out, error) =>
      resolve(`${out}${error}`.trimEnd()),
    );
  });
}

test.each([
  ["sluice shif", ["sluice", "shif"], "shift"],
  ["sluice shift ", ["sluice", "shift", ""], "web"],
  ["sluice shift web v", ["sluice", "shift", "web", "v"], "compopt -o nospace\nv1=\nv2="],
  ["sluice ready web/v1/10.0.0.5:", ["sluice", "ready", "web/v1/10.0.0.5", ":"], "3000"],
  ["sluice ready web/v1/10.0.0.5:3", ["sluice", "ready", "web/v1/10.0.0.5", ":", "3"], "3000"],
  ["sluice check ", ["sluice", "check", ""], "compopt -o default"],
  ["sluice nothing x", ["sluice", "nothing", "x"], ""],
])("Bash completes %j", async (line, words, wanted) => {
  await using api = await startApi();
  expect(await tab(line, words, api.url)).toBe(wanted);
});

test.each([
  ["bash", "complete -F _sluice sluice"],
  ["zsh", "#compdef sluice"],
  ["fish", "complete -c sluice"],
])("sluice completion %s prints its script", async (shell, line) => {
  const { status, out } = await runCommand(["completion", shell]);
  expect([status, out]).toEqual([0, expect.stringContaining(line)]);
  expect(out).toContain("sluice complete-words --");
});
