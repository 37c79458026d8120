import type { Command } from "commander";
import { DURATION_WANTED, parseDurationMs } from "../config/units.ts";
import type { UpgradeReport } from "../sidecar/upgrade.ts";
import type { SwapReport } from "../workers/swap.ts";
import { usageError } from "./cli-error.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { forceOptions, reasonOption, withReason } from "./write-options.ts";

type UpgradeOptions = { readonly release?: string; readonly reason?: string };

type UpgradeCommand = UpgradeOptions & { readonly force?: boolean };

type SwapOptions = UpgradeOptions & { readonly trial: string };

/** `sluice swap`: replaces the workers' code under live connections. */
export function addSwap(program: Command, context: CliContext): void {
  const swap = program
    .command("swap")
    .description("replace the workers' code with the code on disk, keeping every connection")
    .option("--release <name>", "take the code from this folder in the configured `releases`")
    .option("--trial <duration>", "how long to try new workers before they serve", "2s");
  withReason(swap).action(async (options: SwapOptions, command: Command) => {
    const { release, trial } = options;
    if (parseDurationMs(trial) === undefined) {
      const found = JSON.stringify(trial);
      throw usageError(`Cannot read --trial: wanted ${DURATION_WANTED}, found ${found}`);
    }
    const call = { body: { release, trial }, reason: reasonOption(options) };
    const client = clientOf(command, context);
    const report = await client.send<SwapReport>("POST", "/v1/workers/swap", call);
    print(command, context, report, ({ started, retired }) => {
      return `Workers ${started.join(", ")} serve in place of ${retired.join(", ")}`;
    });
  });
}

/** `sluice upgrade`: replaces the primary process under live connections. */
export function addUpgrade(program: Command, context: CliContext): void {
  const upgrade = program
    .command("upgrade")
    .description("start a new process in the sidecar's place, keeping every connection")
    .option("--release <name>", "take the code from this folder in the configured `releases`")
    .option("--force", "even if the service may end with the old process; needs --reason");
  withReason(upgrade).action(async (options: UpgradeCommand, command: Command) => {
    const call = { body: { release: options.release }, ...forceOptions(options) };
    const client = clientOf(command, context);
    const report = await client.send<UpgradeReport>("POST", "/v1/upgrade", call);
    print(command, context, report, ({ pid, replaced }) => {
      return `Process ${pid} serves in place of ${replaced}`;
    });
  });
}
