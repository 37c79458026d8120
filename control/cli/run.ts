import type { Command } from "commander";
import { configRefusal } from "./cli-error.ts";
import type { CliContext } from "./commands.ts";

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
      context.exitWith(await runSidecar({ configPath, env: context.env }).catch(configRefusal));
    });
}
