import type { Command } from "commander";
import { usageError } from "./cli-error.ts";
import { servicePath } from "./client.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import type { WriteAnswer } from "../table/service-writes.ts";
import { withWarnings } from "./output.ts";
import { withWriteOptions, writeOptions } from "./write-options.ts";
import type { WriteOptions } from "./write-options.ts";

/** `sluice drain web/v1` and `sluice drain --self`: no new work, and let what is there end. */
export function addDrain(program: Command, context: CliContext): void {
  const drain = program
    .command("drain")
    .description("stop giving a version new sessions, or drain this sidecar")
    .argument("[service/version]", "such as web/v1")
    .option("--self", "drain the whole sidecar");
  withWriteOptions(drain).action(
    async (
      target: string | undefined,
      options: WriteOptions & { readonly self?: boolean },
      command: Command,
    ) => {
      if ((target === undefined) === (options.self !== true)) {
        throw usageError("Cannot drain: wanted either SERVICE/VERSION or --self");
      }
      if (target === undefined) await drainSelf(command, context);
      else await drainVersion(target, options, command, context);
    },
  );
}

async function drainSelf(command: Command, context: CliContext): Promise<void> {
  const client = clientOf(command, context);
  const answer = await client.send<{ readonly draining: boolean }>("POST", "/v1/drain");
  print(command, context, answer, () => `The sidecar at ${client.url} drains`);
}

async function drainVersion(
  target: string,
  options: WriteOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const [, service, version] = /^([^/]+)\/([^/]+)$/.exec(target) ?? [];
  if (service === undefined || version === undefined) {
    const found = JSON.stringify(target);
    throw usageError(`Cannot drain: wanted SERVICE/VERSION, such as web/v1, found ${found}`);
  }
  const client = clientOf(command, context);
  const write = await writeOptions(client, service, options);
  const path = servicePath(service, "versions", version, "state");
  const body = { state: "drain" };
  const answer = await client.send<WriteAnswer>("PUT", path, { ...write, body });
  print(command, context, answer, (result) =>
    withWarnings(`${target} drains since revision ${result.revision}`, result),
  );
}
