import { Help } from "commander";
import type { Argument, Command } from "commander";

/** Variables that commands read, and what they are. */
export const ENVIRONMENT: readonly (readonly [name: string, text: string])[] = [
  ["SLUICE_API", "the control API, unless --api names it"],
  ["SLUICE_TOKEN_FILE", "a file with a token for it, closed to other users"],
  ["SLUICE_TOKEN", "a token, unless a file or --token gives one"],
  ["SLUICE_CA", "the authorities to trust at https://, unless --ca names them"],
  ["SLUICE_CERT, SLUICE_KEY", "a certificate to show at https://, and its private key"],
];

/** Exit statuses, and when they are given. */
export const EXIT_STATUSES: readonly (readonly [status: string, text: string])[] = [
  ["0", "done"],
  ["1", "refused or failed"],
  ["2", "the command line or the configuration file is invalid"],
];

/** All commands below one, members of groups included. */
export function commandsBelow(command: Command): readonly Command[] {
  return new Help()
    .visibleCommands(command)
    .filter((each) => each.name() !== "help")
    .flatMap((each) => [each, ...commandsBelow(each)]);
}

/** `filters replace`: a command's names from below the program. */
export function pathOf(command: Command): string {
  const { parent } = command;
  const isTop = parent === null || parent.parent === null;
  return isTop ? command.name() : `${pathOf(parent)} ${command.name()}`;
}

/** Lists everything in the program's help: members of groups, variables, exit statuses. */
export function withWholeHelp(program: Command): Command {
  return program
    .configureHelp({
      showGlobalOptions: true,
      visibleCommands: (command) =>
        command === program ? [...commandsBelow(command)] : new Help().visibleCommands(command),
      subcommandTerm: (command) =>
        [pathOf(command), ...command.registeredArguments.map(argumentText)].join(" "),
    })
    .addHelpText("after", () => `\n${listText("Environment", ENVIRONMENT)}`)
    .addHelpText("after", () => `\n${listText("Exit status", EXIT_STATUSES)}`);
}

function argumentText(argument: Argument): string {
  const text = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${text}>` : `[${text}]`;
}

function listText(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([term]) => term.length));
  return [`${title}:`, ...rows.map(([term, text]) => `  ${term.padEnd(width)}  ${text}`)].join(
    "\n",
  );
}
