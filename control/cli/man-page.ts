import type { Command } from "commander";
import type { CliContext } from "./commands.ts";
import { commandsBelow, ENVIRONMENT, EXIT_STATUSES, pathOf } from "./help.ts";

/** `sluice man`: the help of all commands as one page for man(1), section 1. */
export function addMan(program: Command, context: CliContext): void {
  program
    .command("man")
    .description("print this help as a manual page: sluice man | man -l -")
    .action(() => context.output.out(manPage(program)));
}

/** The page in the macros of man(7). */
export function manPage(program: Command): string {
  const name = program.name();
  return [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${program.version() ?? ""}"`,
    ".SH NAME",
    `${name} \\- ${escaped(lowerFirst(program.description()))}`,
    ".SH SYNOPSIS",
    `.B ${name}`,
    ".I COMMAND",
    "[options]",
    ".SH COMMANDS",
    ...commandsBelow(program).flatMap(commandLines),
    ".SH OPTIONS OF ALL COMMANDS",
    ...optionLines(program),
    ".SH ENVIRONMENT",
    ...ENVIRONMENT.flatMap(([term, text]) => entry(term, text)),
    ".SH EXIT STATUS",
    ...EXIT_STATUSES.flatMap(([term, text]) => entry(term, text)),
  ].join("\n");
}

function commandLines(command: Command): readonly string[] {
  const help = command.createHelp();
  const args = command.registeredArguments.filter(({ description }) => description !== "");
  return [
    `.SS "${escaped(`${pathOf(command)} ${command.usage()}`)}"`,
    escaped(`${upperFirst(command.description())}.`),
    ...args.flatMap((each) => entry(help.argumentTerm(each), help.argumentDescription(each))),
    ...optionLines(command),
  ];
}

function optionLines(command: Command): readonly string[] {
  const help = command.createHelp();
  return help
    .visibleOptions(command)
    .filter(({ long }) => long !== "--help")
    .flatMap((each) => entry(help.optionTerm(each), help.optionDescription(each)));
}

function entry(term: string, text: string): readonly string[] {
  return [".TP", `.B ${escaped(term)}`, escaped(text)];
}

/** Backslashes and hyphens mean something to roff, as do a dot and a quote that begin a line. */
function escaped(text: string): string {
  const inner = text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
  return inner.replaceAll('"', "\\(dq").replace(/^(?=[.'])/, "\\&");
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, "");
}
