import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startApi } from "../support/running-api.ts";
import type { RunningApi } from "../support/running-api.ts";
import { CLI } from "../support/sidecar.ts";
import { runProgram } from "./support/foreign-process.ts";
import { isMissing, ownProgram, program } from "./support/programs.ts";

/*
 * Goal: a tab completes in the shells that people have. Method: the scripts of `sluice completion`
 * in a real zsh, at a terminal of its own, and in fish, which says what a tab would offer.
 */

let api: RunningApi;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  api = await startApi();
  folder = await mkdtemp(join(tmpdir(), "sluice-shells-"));
  const sluice = join(folder, "sluice");
  await writeFile(sluice, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
  await chmod(sluice, 0o755);
  await writeFile(join(folder, "shop.yaml"), "");
  const PATH = `${folder}${delimiter}${process.env["PATH"] ?? ""}`;
  env = { PATH, SLUICE_API: api.url, HOME: folder };
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function linesOf(file: string, args: readonly string[]): Promise<readonly string[]> {
  const { out, error } = await runProgram(program(file), args, { cwd: folder, env });
  return [...out.split("\n").slice(0, -1), ...(error === "" ? [] : [error])];
}

/** Lines, what a tab makes of them where there is a choice that is made, and all choices. */
const TABS: readonly (readonly [line: string, first: string, all: readonly string[]])[] = [
  ["sluice shif", "sluice shift ", ["shift"]],
  ["sluice filters r", "sluice filters replace ", ["replace"]],
  ["sluice shift ", "sluice shift web ", ["web"]],
  ["sluice shift web --pl", "sluice shift web --plan ", ["--plan"]],
  // No space behind it: the weight follows.
  ["sluice shift web v", "sluice shift web v1=", ["v1=", "v2="]],
  ["sluice ready web/v2/", "sluice ready web/v2/10.0.0.7:3000 ", ["web/v2/10.0.0.7:3000"]],
  ["sluice ready web/v1/10.0.0.5:", "sluice ready web/v1/10.0.0.5:3000 ", ["web/v1/10.0.0.5:3000"]],
  ["sluice check sh", "sluice check shop.yaml ", ["shop.yaml"]],
  ["sluice run -c sh", "sluice run -c shop.yaml ", ["shop.yaml"]],
  ["sluice completion f", "sluice completion fish ", ["fish"]],
  // Where nothing is known, nothing is added, a space neither.
  ["sluice nothing x", "sluice nothing x", []],
  ["sluice shift web --reason ", "sluice shift web --reason ", []],
];

describe.skipIf(isMissing("zsh"))("zsh", () => {
  test.each(TABS)("completes %j as %j", async (line, first) => {
    expect(await linesOf("zsh", ["-f", ownProgram("tab.zsh"), line])).toEqual([first]);
  });
});

describe.skipIf(isMissing("fish"))("fish", () => {
  test.each(TABS)("completes %j", async (line, _first, all) => {
    const script = "sluice completion fish | source; complete -C $argv[1]";
    expect(await linesOf("fish", ["--no-config", "-c", script, "--", line])).toEqual(all);
  });
});
