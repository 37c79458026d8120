import type { Command } from "commander";
import { systemClock } from "../../proxy/base/clock.ts";
import { EXIT, usageError } from "./cli-error.ts";
import type { CliContext, GlobalOptions } from "./commands.ts";
import type { DemoConsul } from "./demo/consul-stage.ts";
import { jsonScreen, lineScreen, liveScreen } from "./demo/screen.ts";
import type { Screen } from "./demo/screen.ts";
import { rolloutScreen } from "./rollout-screen.ts";
import type { Output } from "./output.ts";
import { untilInterrupted } from "./until-interrupted.ts";

/** How long a step of the demo lasts: long enough to look at. */
const STEP_MS = 8000;

/** The same when nobody is watching. */
const STEP_ONCE_MS = 4000;

type DemoArguments = {
  readonly once?: boolean;
  readonly consul?: string | true;
  readonly mesh?: boolean;
  readonly rollout?: boolean;
  readonly bad?: boolean;
};

/** `sluice demo`: shows everything at work on this machine, until Ctrl-C. */
export function addDemo(program: Command, context: CliContext): void {
  program
    .command("demo")
    .description("show a shift from 0 to 100 % under load, on this machine; Ctrl-C ends it")
    .option("--once", "end after 100 %; fail if a request failed or a share was off")
    .option(
      "--consul [url]",
      "use Consul and two sidecars: a running agent, else one from CONSUL_BIN or PATH",
    )
    .option("--mesh", "put two services into Consul's mesh: mutual TLS between their sidecars")
    .option("--rollout", "roll v2 out by what its requests show")
    .option("--bad", "with --rollout: v2 fails one of five requests")
    .action(async (options: DemoArguments, command: Command) => {
      const { json = false } = command.optsWithGlobals<GlobalOptions>();
      if (options.rollout === true) return demoRollout(options, json, context);
      if (options.bad === true) throw usageError("Cannot use --bad: wanted --rollout, found none");
      const { once = false, mesh = false } = options;
      const stepMs = once ? STEP_ONCE_MS : STEP_MS;
      const screen = screenFor(json, context.output);
      const consul = consulOf(options, context.env);
      // Loaded only here, with all that it starts: the other commands do not need it.
      const { runDemo } = await import("./demo/run-demo.ts");
      const faults = await untilInterrupted(context.output, (signal) =>
        runDemo({ once, stepMs, clock: systemClock, screen, signal, consul, mesh }),
      ).finally(() => screen.close());
      for (const fault of faults) context.output.error(`sluice: ${fault}`);
      context.exitWith(faults.length === 0 ? EXIT.done : EXIT.failed);
    });
}

async function demoRollout(
  { bad = false, consul, mesh }: DemoArguments,
  json: boolean,
  { output, exitWith }: CliContext,
): Promise<void> {
  if (consul !== undefined || mesh === true) {
    throw usageError("Cannot use --rollout: wanted no --consul and no --mesh beside it, found one");
  }
  const screen = rolloutScreen(output, json);
  const say = json ? (): void => undefined : output.out;
  const { runRolloutDemo } = await import("./demo/run-rollout-demo.ts");
  const faults = await untilInterrupted(output, (signal) =>
    runRolloutDemo({ bad, clock: systemClock, say, screen, signal }),
  );
  for (const fault of faults) output.error(`sluice: ${fault}`);
  exitWith(faults.length === 0 ? EXIT.done : EXIT.failed);
}

function consulOf({ consul, mesh }: DemoArguments, env: NodeJS.ProcessEnv): DemoConsul | undefined {
  if (consul === undefined && mesh !== true) return undefined;
  if (consul === undefined || consul === true) return { url: undefined, env };
  const { protocol, origin } = URL.parse(consul) ?? { protocol: "", origin: "" };
  if (protocol === "http:" || protocol === "https:") return { url: origin, env };
  const found = JSON.stringify(consul);
  throw usageError(`Cannot read --consul: wanted an http:// or https:// URL, found ${found}`);
}

function screenFor(json: boolean, output: Output): Screen {
  if (json) return jsonScreen(output);
  const { terminal } = output;
  return terminal === undefined ? lineScreen(output) : liveScreen(terminal, output);
}
