import type { Command } from "commander";
import { ConfigError, ControlError } from "../base/errors.ts";
import { CliError, configRefusal } from "./cli-error.ts";
import type { CliContext } from "./commands.ts";
import { errorCode, errorText } from "../../proxy/base/error-text.ts";

/** `sluice run -c FILE`: the sidecar itself, until it has drained. */
export function addRun(program: Command, context: CliContext): void {
  program
    .command("run")
    .description("run the sidecar")
    .requiredOption("-c, --config <file>", "configuration file, such as sluice.yaml")
    .action(async (options: { readonly config: string }) => {
      // Loaded only here: the other commands start in half the time without it.
      const { runSidecar } = await import("../main.ts");
      const { config: configPath } = options;
      await runSidecar({ configPath, env: context.env }).catch(startRefusal);
    });
}

/** Rethrows why the sidecar does not run, in words: its log may go where nobody looks. */
function startRefusal(error: unknown): never {
  if (error instanceof ConfigError) configRefusal(error);
  const message = errorText(error);
  if (error instanceof ControlError) throw new CliError(error.code, message, { cause: error });
  // Of the system. An error without a code is one of ours that nobody meant: it keeps its stack.
  if (errorCode(error) === undefined) throw error;
  throw new CliError("start_failed", `Cannot start: ${message}`, { cause: error });
}
