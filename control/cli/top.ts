import type { Command } from "commander";
import { clientOf } from "./commands.ts";
import type { CliContext, GlobalOptions } from "./commands.ts";
import { untilInterrupted } from "./until-interrupted.ts";
import { readWhole } from "./write-options.ts";

type TopArguments = { readonly count?: string };

/** `sluice top [NAME]`: how traffic goes, as it goes. */
export function addTop(program: Command, context: CliContext): void {
  program
    .command("top")
    .description("show how traffic goes, each second, and act on it; `?` there says how")
    .argument("[service]", "part of a name: only services that have it")
    .option("-n, --count <n>", "end after so many looks")
    .action(async (find: string | undefined, { count }: TopArguments, command: Command) =>
      watchTraffic({ find, count }, { command, context }),
    );
}

/** What is watched, and how long: the arguments of `top`, as they were written. */
export type WatchedTraffic = {
  readonly find: string | undefined;
  readonly count?: string | undefined;
};

/** Shows it until somebody quits. @throws CliError when the sidecar refuses */
export async function watchTraffic(
  { find = "", count }: WatchedTraffic,
  { command, context }: { readonly command: Command; readonly context: CliContext },
): Promise<void> {
  const api = clientOf(command, context);
  const { json = false } = command.optsWithGlobals<GlobalOptions>();
  const { output } = context;
  const looks = count === undefined ? undefined : readWhole("--count", count);
  // Loaded only here: the other commands do not need it.
  const { runTop } = await import("./top/run-top.ts");
  await untilInterrupted(output, (ended) =>
    runTop({ api, output, find, count: looks, json, ended }),
  );
}
