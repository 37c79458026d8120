import { Command, CommanderError } from "commander";
import { addApply } from "./apply.ts";
import { addAudit } from "./audit.ts";
import { addDelete, addUndo } from "./changes.ts";
import { addCertificates } from "./certificates.ts";
import { addCheck } from "./check.ts";
import { EXIT, usageError } from "./cli-error.ts";
import type { CliContext } from "./commands.ts";
import { addCompletion } from "./completion.ts";
import { addConsul } from "./consul.ts";
import { addDemo } from "./demo.ts";
import { addEvents } from "./events.ts";
import { addFilters } from "./filters.ts";
import { addFleet } from "./fleet.ts";
import { addFreeze } from "./freeze.ts";
import { withWholeHelp } from "./help.ts";
import { addKey } from "./key.ts";
import { addLog } from "./log.ts";
import { addMan } from "./man-page.ts";
import { addSwap, addUpgrade } from "./swap.ts";
import { reportFailure } from "./output.ts";
import type { Output } from "./output.ts";
import { addReload } from "./reload.ts";
import { addRewrite } from "./rewrite.ts";
import { addRollout } from "./rollout.ts";
import { addRun } from "./run.ts";
import { addSchema } from "./schema.ts";
import { addServices } from "./services.ts";
import { addShadow } from "./shadow.ts";
import { addConfirm, addShift } from "./shift.ts";
import { addStates } from "./states.ts";
import { addStatus } from "./status.ts";
import { addToken } from "./token.ts";
import { addTop } from "./top.ts";
import { addWhoami } from "./whoami.ts";

/** Surroundings of the command line. */
export type CliOptions = {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Of this program. */
  readonly version: string;
};

/**
 * Runs one command line (without `node` and the script's name) and gives its exit status: 0 done, 1
 * refused or failed, 2 an invalid command line or configuration.
 */
export async function runCli(args: readonly string[], options: CliOptions): Promise<number> {
  const { output } = options;
  const json = args.includes("--json");
  const status = await perform(args, options).catch((error: unknown) =>
    error instanceof CommanderError
      ? commanderStatus(error, json, output)
      : reportFailure(error, json, output),
  );
  try {
    await output.flushed?.();
    return status;
  } catch (error) {
    return reportFailure(error, json, output);
  }
}

async function perform(args: readonly string[], options: CliOptions): Promise<number> {
  let exitCode: number = EXIT.done;
  const { output, env } = options;
  const exitWith = (code: number): void => {
    exitCode = code;
  };
  let help = "";
  const keep = (text: string): void => {
    help += text;
  };
  const program = createProgram(options, { output, env, exitWith }, keep);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!isBare(error) || args.includes("--json")) throw error;
    // Not on stdout, and no success: a script may have lost its command.
    output.error(help.trimEnd());
    return EXIT.usage;
  }
}

/** Whether a command was called without the member that it needs. */
function isBare(error: unknown): boolean {
  return error instanceof CommanderError && error.code === "commander.help" && error.exitCode !== 0;
}

/** `keep` gets what the parser writes about errors: we report them ourselves, in our form. */
function createProgram(
  { version, output }: CliOptions,
  context: CliContext,
  keep: (text: string) => void,
): Command {
  const program = new Command("sluice")
    .description("Shifts traffic between versions of a service and drops nothing on the way.")
    .version(version)
    .option("--api <url>", "the control API (default: SLUICE_API, else http://127.0.0.1:9180)")
    .option("--token-file <file>", "a file with a token for it (default: SLUICE_TOKEN_FILE)")
    .option("--token <token>", "a token (default: SLUICE_TOKEN); others can see it in `ps`")
    .option("--ca <file>", "trust the authorities in this file (default: SLUICE_CA)")
    .option("--cert <file>", "show this certificate (default: SLUICE_CERT)")
    .option("--key <file>", "the private key of --cert (default: SLUICE_KEY)")
    .option("--json", "write JSON")
    .exitOverride()
    .configureOutput({ writeOut: (text) => output.out(text.trimEnd()), writeErr: keep });
  withWholeHelp(program);
  addRun(program, context);
  addCheck(program, context);
  addSchema(program, context);
  addDemo(program, context);
  addStatus(program, context);
  addServices(program, context);
  addTop(program, context);
  addShadow(program, context);
  addShift(program, context);
  addConfirm(program, context);
  addRollout(program, context);
  addFreeze(program, context);
  addStates(program, context);
  addUndo(program, context);
  addApply(program, context);
  addDelete(program, context);
  addReload(program, context);
  addRewrite(program, context);
  addFilters(program, context);
  addFleet(program, context);
  addCertificates(program, context);
  addSwap(program, context);
  addUpgrade(program, context);
  addAudit(program, context);
  addEvents(program, context);
  addToken(program, context);
  addLog(program, context);
  addWhoami(program, context);
  addConsul(program, context);
  addKey(program, context);
  addCompletion(program, context);
  addMan(program, context);
  return program;
}

/** Help and version are not errors; everything else is an invalid command line. */
function commanderStatus(error: CommanderError, json: boolean, output: Output): number {
  if (error.exitCode === 0) return EXIT.done;
  const text = error.message.replace(/^error: /, "").replaceAll("\n", " ");
  const message =
    error.code === "commander.help" ? "Cannot run without a command" : upperFirst(text);
  return reportFailure(
    usageError(`${message}; \`sluice --help\` lists what there is`),
    json,
    output,
  );
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
