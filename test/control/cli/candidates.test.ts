import { expect, test } from "vitest";
import { startApi } from "../../support/running-api.ts";
import { runCommand } from "../../support/run-cli.ts";

/** What the last of the words can become, with the API of running-api.ts or none. */
async function complete(words: readonly string[], api = "unix:/nowhere"): Promise<string[]> {
  const args = ["complete-words", "--", ...words];
  const { status, out, error } = await runCommand(args, { SLUICE_API: api });
  expect([status, error]).toEqual([0, ""]);
  return out.split("\n").filter((line) => line !== "");
}

test.each<[string, readonly string[], readonly string[]]>([
  ["commands", ["s"], ["schema", "status", "services", "shadow", "shift", "swap"]],
  ["members of a group", ["filters", ""], ["replace"]],
  ["options of a command", ["shift", "web", "--p"], ["--plan"]],
  ["options of all commands", ["shift", "--j"], ["--json"]],
  ["choices of an option", ["shift", "web", "--wait", ""], ["fleet"]],
  ["choices of an option that has to be there", ["token", "new", "ci", "--role", "sh"], ["shift"]],
  ["choices of an argument", ["completion", "f"], ["fish"]],
  ["nothing for a text", ["shift", "web", "--reason", "v"], []],
  ["nothing for a name that only the API knows", ["shift", ""], []],
])("candidates() gives %s", async (_what, words, wanted) => {
  expect(await complete(words)).toEqual(wanted);
});

test.each([
  ["check", ""],
  ["run", "-c", "x"],
  ["apply", ""],
  ["--token-file", ""],
  ["services", "--ca", ""],
  ["token", "new", "ci", "--out", ""],
])("candidates() leaves files to the shell: %s", async (...words) => {
  expect(await complete(words)).toEqual([":files"]);
});

test.each<[readonly string[], readonly string[]]>([
  [["shift", ""], ["web"]],
  [
    ["shift", "w", ""],
    ["v1=", "v2="],
  ],
  [["shift", "web", "v1=9", "v2"], ["v2="]],
  [["--json", "undo", "--if-rev", "3", ""], ["web"]],
  [["apply", "file", ""], ["web"]],
  [["reload", "--restore", ""], ["web"]],
  [["token", "new", "ci", "--service", ""], ["web"]],
  [
    ["ready", "web/v2"],
    ["web/v2", "web/v2/10.0.0.7:3000"],
  ],
])("candidates() asks the API for names: %j", async (words, wanted) => {
  await using api = await startApi();
  expect(await complete(words, api.url)).toEqual(wanted);
});
