import type { Command } from "commander";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import type { UpgradeReport } from "../sidecar/upgrade.ts";
import type { SwapReport } from "../workers/swap.ts";

/** `sluice swap`: replaces the workers' code under live connections. */
export function addSwap(program: Command, context: CliContext): void {
  program
    .command("swap")
    .description("replace the workers' code with the code on disk, keeping every connection")
    .option("--release <name>", "take the code from this folder in the configured `releases`")
    .option("--trial <duration>", "how long to try new workers before they serve", "2s")
    .action(
      async (options: { readonly release?: string; readonly trial: string }, command: Command) => {
        const client = clientOf(command, context);
        const report = await client.send<SwapReport>("POST", "/v1/workers/swap", { body: options });
        print(command, context, report, ({ started, retired }) => {
          return `Workers ${started.join(", ")} serve in place of ${retired.join(", ")}`;
        });
      },
    );
}

/** `sluice upgrade`: replaces the primary process under live connections. */
export function addUpgrade(program: Command, context: CliContext): void {
  program
    .command("upgrade")
    .description("start a new process in the sidecar's place, keeping every connection")
    .option("--release <name>", "take the code from this folder in the configured `releases`")
    .action(async (options: { readonly release?: string }, command: Command) => {
      const client = clientOf(command, context);
      const report = await client.send<UpgradeReport>("POST", "/v1/upgrade", { body: options });
      print(command, context, report, ({ pid, replaced }) => {
        return `Process ${pid} serves in place of ${replaced}`;
      });
    });
}
