import type { Command } from "commander";
import type { WriteAnswer } from "../table/service-writes.ts";
import { usageError } from "./cli-error.ts";
import { servicePath } from "./client.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { withWarnings } from "./output.ts";
import { reasonOption, withWriteOptions, writeOptions } from "./write-options.ts";
import type { WriteOptions } from "./write-options.ts";

/** The states by their commands, and how an answer puts them. */
const STATES = { ready: "is ready", maint: "is in maintenance", drain: "drains" } as const;

type State = keyof typeof STATES;

const TARGET = "service/version[/endpoint]";

/** `sluice ready | maint | drain web/v1[/10.0.0.5:3000]`: states of versions and endpoints. */
export function addStates(program: Command, context: CliContext): void {
  addState(program, context, "ready", "give a version or an endpoint traffic again");
  addState(program, context, "maint", "give a version or an endpoint no requests at all");
  const drain = program
    .command("drain")
    .description("give a version or an endpoint no new sessions, or drain this sidecar")
    .argument(`[${TARGET}]`, "such as web/v1 or web/v1/10.0.0.5:3000")
    .option("--self", "drain the whole sidecar");
  withWriteOptions(drain).action(
    async (
      target: string | undefined,
      options: WriteOptions & { readonly self?: boolean },
      command: Command,
    ) => {
      if ((target === undefined) === (options.self !== true)) {
        throw usageError("Cannot drain: wanted either SERVICE/VERSION[/ENDPOINT] or --self");
      }
      if (target === undefined) await drainSelf(options, command, context);
      else await setState(target, "drain", options, { command, context });
    },
  );
}

function addState(program: Command, context: CliContext, state: State, description: string): void {
  const added = program
    .command(state)
    .description(description)
    .argument(`<${TARGET}>`, "such as web/v1 or web/v1/10.0.0.5:3000");
  withWriteOptions(added).action(async (target: string, options: WriteOptions, command: Command) =>
    setState(target, state, options, { command, context }),
  );
}

async function drainSelf(
  options: WriteOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const client = clientOf(command, context);
  const reason = reasonOption(options);
  const answer = await client.send<{ readonly draining: boolean }>("POST", "/v1/drain", { reason });
  print(command, context, answer, () => `The sidecar at ${client.url} drains`);
}

async function setState(
  target: string,
  state: State,
  options: WriteOptions,
  { command, context }: { readonly command: Command; readonly context: CliContext },
): Promise<void> {
  const { service, parts } = readTarget(target, state);
  const client = clientOf(command, context);
  const write = await writeOptions(client, service, options);
  const path = servicePath(service, ...parts, "state");
  const answer = await client.send<WriteAnswer>("PUT", path, { ...write, body: { state } });
  print(command, context, answer, (result) =>
    withWarnings(`${target} ${STATES[state]} since revision ${result.revision}`, result),
  );
}

/** `web/v1`, `web/v1/10.0.0.5:3000` or `web/v1/unix:/run/web.sock`, as the parts of a path. */
function readTarget(
  target: string,
  state: State,
): { readonly service: string; readonly parts: readonly string[] } {
  const [, service, version, endpoint] = /^([^/]+)\/([^/]+)(?:\/(.+))?$/.exec(target) ?? [];
  if (service === undefined || version === undefined) {
    const found = JSON.stringify(target);
    const wanted = "SERVICE/VERSION[/ENDPOINT], such as web/v1";
    throw usageError(`Cannot set the state ${state}: wanted ${wanted}, found ${found}`);
  }
  const below = endpoint === undefined ? [] : ["endpoints", endpoint];
  return { service, parts: ["versions", version, ...below] };
}
