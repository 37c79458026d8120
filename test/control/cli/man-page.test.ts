import { Command } from "commander";
import { expect, test } from "vitest";
import { manPage } from "../../../control/cli/man-page.ts";
import { runCommand } from "../../support/run-cli.ts";

test("manPage() has each command with its arguments and options", () => {
  const program = new Command("sluice").version("1.2.3").description("Shifts traffic.");
  program
    .command("shift")
    .description("move it")
    .argument("<service>", "its name")
    .option("--if-rev <n>", '.a "b\\c"');
  const page = manPage(program);
  expect(page).toMatch(
    /^\.TH SLUICE 1 "" "sluice 1\.2\.3"\n\.SH NAME\nsluice \\- shifts traffic\n/,
  );
  expect(page).toContain('.SS "shift [options] <service>"\nMove it.\n.TP\n.B service\nits name\n');
  // Roff takes none of it for its own.
  expect(page).toContain(".B \\-\\-if\\-rev <n>\n\\&.a \\(dqb\\ec\\(dq\n");
});

test("sluice man describes every command of the help", async () => {
  const { status, out } = await runCommand(["man"]);
  const { out: help } = await runCommand(["--help"]);
  const [, list = ""] = help.split("\nCommands:\n");
  const names = [...list.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) /gm)].map(([, name]) => name);
  expect(names).toContain("filters replace");
  const described = [...out.matchAll(/^\.SS "([a-z ]+?) [[<]/gm)].map(([, name]) => name);
  expect([status, described]).toEqual([0, expect.arrayContaining(["shift", "consul import"])]);
  expect(names.filter((name) => !out.includes(`.SS "${name} `))).toEqual([]);
});
