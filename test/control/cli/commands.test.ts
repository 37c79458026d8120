import { Command } from "commander";
import { expect, test } from "vitest";
import { clientOf, print } from "../../../control/cli/commands.ts";
import { runCommand } from "../../support/run-cli.ts";
import { ok, startScriptedApi } from "../../support/scripted-api.ts";

/** A program with one command, after it has read `args`. */
async function parsed(args: readonly string[]): Promise<Command> {
  const program = new Command().option("--api <url>").option("--token <token>").option("--json");
  const command = program.command("look").action(() => undefined);
  await program.parseAsync(["look", ...args], { from: "user" });
  return command;
}

test.each<[string, readonly string[], NodeJS.ProcessEnv, string]>([
  ["the option", ["--api", "http://a:1"], { SLUICE_API: "http://b:2" }, "http://a:1"],
  ["the environment", [], { SLUICE_API: "http://b:2" }, "http://b:2"],
  ["the default for an empty variable", [], { SLUICE_API: "" }, "http://127.0.0.1:9180"],
  ["the default", [], {}, "http://127.0.0.1:9180"],
])("clientOf() takes the API's address from %s", async (_name, args, env, url) => {
  const output = { out: () => undefined, error: () => undefined };
  const context = { output, env, exitWith: () => undefined };
  expect(clientOf(await parsed(args), context).url).toBe(url);
});

test("commands send the token, and warn of one in the command line", async () => {
  const api = await startScriptedApi({ "GET /v1/services": ok({ services: [] }) });
  const env = { SLUICE_API: api.url, SLUICE_TOKEN: "from-env" };
  const words = "--token shows the token to everybody who can list processes (`ps`)";
  const warning = expect.stringContaining(words);
  expect(await runCommand(["services"], env)).toMatchObject({ status: 0, error: "" });
  expect(await runCommand(["services", "--token", "given"], env)).toMatchObject({
    status: 0,
    error: expect.stringMatching(/^warning: --token shows/),
  });
  const { error } = await runCommand(["services", "--token", "given", "--json"], env);
  expect(JSON.parse(error)).toEqual({ warning: { code: "token_shown", text: warning } });
  expect(error).not.toContain("given");
  expect(api.asked.map(({ authorization }) => authorization)).toEqual([
    "Bearer from-env",
    "Bearer given",
    "Bearer given",
  ]);
});

test.each([
  [[], "a is 1"],
  [["--json"], '{"a":1}'],
])("print() writes with %j: %s", async (args, line) => {
  const lines: string[] = [];
  const output = { out: (each: string) => void lines.push(each), error: () => undefined };
  const context = { output, env: {}, exitWith: () => undefined };
  print(await parsed(args), context, { a: 1 }, ({ a }) => `a is ${a}`);
  expect(lines).toEqual([line]);
});
