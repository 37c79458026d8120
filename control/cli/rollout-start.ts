import { Option } from "commander";
import type { Command } from "commander";
import type { RolloutView } from "../rollout/rollout-view.ts";
import { configRefusal, usageError } from "./cli-error.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { forceOptions, readWhole, withReason } from "./write-options.ts";
import type { ReasonOptions } from "./write-options.ts";

type StartOptions = ReasonOptions & {
  readonly to: string;
  readonly from?: string;
  readonly strategy?: string;
  readonly preset?: string;
  readonly steps?: string;
  readonly stepFor?: string;
  readonly soak?: string;
  readonly budget?: string;
  readonly minRequests?: string;
  readonly maxHold?: string;
  readonly onInconclusive?: string;
  readonly keepOldFor?: string;
  readonly maxUnavailable?: string;
  readonly group?: readonly string[];
  readonly force?: boolean;
  readonly with?: string;
};

/** `sluice rollout start SERVICE --to VERSION` */
export function addStart(rollout: Command, context: CliContext): void {
  const start = rollout
    .command("start")
    .description("begin a rollout")
    .argument("<service>", "name of a service")
    .requiredOption("--to <version>", "the version that is to get the traffic")
    .option("--group <service=version>", "another service, in lock-step (repeatable)", addTo)
    .option("--from <version>", "the version that has it (default: the only one)")
    .addOption(
      choice("--strategy <name>", "how it goes on (default: canary)", [
        "canary",
        "blueGreen",
        "rolling",
      ]),
    )
    .addOption(
      choice("--preset <name>", "how careful (default: standard)", ["careful", "standard", "fast"]),
    )
    .option("--steps <shares>", "canary: 1,10,50 in percent, instead of what the evidence allows")
    .option("--step-for <duration>", "how long each of them holds (default: 60s)")
    .option("--soak <duration>", "least time with both versions (default: the preset's)")
    .option("--budget <n>", "failed requests that it may cost (default: 20)")
    .option("--min-requests <n>", "of either version before anything is decided (default: 20)")
    .option("--max-hold <duration>", "longest wait for evidence at one weight (default: 30m)")
    .addOption(
      choice("--on-inconclusive <what>", "what then (default: pause)", [
        "pause",
        "promote",
        "abort",
      ]),
    )
    .option("--keep-old-for <duration>", "blueGreen: how long the old one stays (default: 10m)")
    .option("--max-unavailable <n>", "rolling: old endpoints that may be missing, or 25%")
    .option("--force", "although the versions are incompatible; needs --reason")
    .option("--with <file>", "what else the API takes, in YAML; options go before it");
  withReason(start).action(async (service: string, options: StartOptions, command: Command) => {
    const more = options.with === undefined ? {} : await readMore(options.with);
    const body = { ...more, ...bodyOf(service, options) };
    const client = clientOf(command, context);
    const { reason } = forceOptions(options);
    const view = await client.send<RolloutView>("POST", "/v1/rollouts", { body, reason });
    print(command, context, view, ({ id, from, to }) => {
      return `Rollout ${id} of ${service} from ${from} to ${to} has begun`;
    });
  });
}

function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices);
}

function bodyOf(service: string, options: StartOptions): object {
  const { reason: _reason, with: _file, steps, budget, minRequests, ...rest } = options;
  const { maxUnavailable, group, ...others } = rest;
  const unavailable = maxUnavailable?.endsWith("%") === true ? maxUnavailable : undefined;
  return {
    service,
    ...others,
    ...(steps !== undefined && { steps: readSteps(steps) }),
    ...(group !== undefined && { group: group.map(readMember) }),
    ...(maxUnavailable !== undefined && {
      maxUnavailable: unavailable ?? readWhole("--max-unavailable", maxUnavailable),
    }),
    ...(budget !== undefined && { budget: readWhole("--budget", budget) }),
    ...(minRequests !== undefined && { minRequests: readWhole("--min-requests", minRequests) }),
  };
}

function addTo(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** `payments=v5` */
function readMember(text: string): { readonly service: string; readonly to: string } {
  const [service = "", to = "", ...more] = text.split("=");
  if (service !== "" && to !== "" && more.length === 0) return { service, to };
  const found = JSON.stringify(text);
  throw usageError(
    `Cannot read --group: wanted a service and a version such as web=v2, found ${found}`,
  );
}

function readSteps(text: string): readonly number[] {
  const shares = text.split(",").map(Number);
  if (shares.every((share) => share > 0 && share <= 100)) return shares;
  const found = JSON.stringify(text);
  throw usageError(`Cannot read --steps: wanted shares above 0 such as 1,10,50, found ${found}`);
}

/** @throws CliError config_invalid */
async function readMore(file: string): Promise<object> {
  // Loaded only here: the other commands start sooner without it.
  const { readPlainFile } = await import("../config/load.ts");
  try {
    return await readPlainFile(file);
  } catch (error) {
    return configRefusal(error);
  }
}
