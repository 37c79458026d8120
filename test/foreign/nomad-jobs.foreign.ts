import { globSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { EXAMPLES, exampleWith, run } from "./support/example-files.ts";
import { runProgram } from "./support/foreign-process.ts";
import { isMissing, program } from "./support/programs.ts";

/*
 * Goal: Nomad knows all that the jobs of examples/nomad/ ask for. Method: the structs into which it
 * decodes a job (nomad-job, built with its API); Nomad itself where somebody has put one.
 */

const JOBS = globSync("nomad/*.hcl", { cwd: EXAMPLES }).toSorted();

/** One of each kind that a job can have. */
const MISTAKES = {
  'kill_signal  = "SIGTERM"': 'kill_signals = "SIGTERM"',
  'kill_timeout = "100s"': 'kill_timeout = "100"',
  "resources {": "resource {",
};

test("There are two jobs", () => {
  expect(JOBS).toEqual(["nomad/edge.nomad.hcl", "nomad/sidecar.nomad.hcl"]);
});

test.skipIf(isMissing("nomad-job")).each(JOBS)(
  "%s has only blocks, keys and kinds of values that Nomad's own structs have",
  async (path) => {
    await run(program("nomad-job"), [path]);
    const file = join(await temporaryFolder(), "wrong.hcl");
    await writeFile(file, await exampleWith(path, MISTAKES));
    const { status, error } = await runProgram(program("nomad-job"), [file]);
    expect(status).toBe(1);
    const said = error.trim().split("\n");
    expect(new Set(said.map((line) => /: (.*) in Task$/.exec(line)?.[1]))).toEqual(
      new Set(["key kill_timeout wants a duration", "no block resource", "no key kill_signals"]),
    );
  },
);

test.skipIf(isMissing("nomad")).each(JOBS)("Nomad reads %s", async (path) => {
  await run(program("nomad"), ["job", "run", "-output", path]);
});
