import { Command } from "commander";
import { expect, test } from "vitest";
import { commandsBelow, pathOf, withWholeHelp } from "../../../control/cli/help.ts";

function program(): Command {
  const root = withWholeHelp(new Command("sluice"));
  root.command("shift").argument("<service>").argument("[weights...]");
  root.command("filters").command("replace").argument("<name>").description("replace it");
  root.command("secret", { hidden: true });
  return root;
}

test("commandsBelow() has the members of groups, and nothing that is hidden", () => {
  expect(commandsBelow(program()).map(pathOf)).toEqual(["shift", "filters", "filters replace"]);
});

test("withWholeHelp() lists all commands with their arguments, variables and exit statuses", () => {
  let help = "";
  const root = program().configureOutput({ writeOut: (text) => (help += text) });
  root.outputHelp();
  expect(help).toMatch(/^ {2}shift <service> \[weights\.\.\.\]$/m);
  expect(help).toMatch(/^ {2}filters replace <name> +replace it$/m);
  expect(help).toMatch(/^Environment:\n {2}SLUICE_API +the/m);
  expect(help).toMatch(/^Exit status:\n {2}0 +done\n {2}1 .*\n {2}2 .*$/m);
});
