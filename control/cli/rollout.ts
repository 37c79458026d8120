import type { Command } from "commander";
import { systemClock } from "../../proxy/base/clock.ts";
import type { Explanation, RolloutList } from "../api/rollout-routes.ts";
import type { RolloutView } from "../rollout/rollout-view.ts";
import { EXIT } from "./cli-error.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext, GlobalOptions } from "./commands.ts";
import { addReplay } from "./rollout-replay.ts";
import { addStart } from "./rollout-start.ts";
import { rolloutScreen } from "./rollout-screen.ts";
import { rolloutPath, watchRollout } from "./rollout-watch.ts";
import { progressText, rolloutsText, rolloutText } from "./rollout-text.ts";
import { reasonOption, withReason } from "./write-options.ts";
import type { ReasonOptions } from "./write-options.ts";

const PATH = "/v1/rollouts";

/** What a verb does, by its name. */
const VERBS = {
  promote: "go on to the next stage or weight",
  pause: "stay at the weight",
  resume: "go on after a pause",
  abort: "give everything back to the old version, at once or bit by bit",
  undo: "take a successful rollout back",
  retry: "begin an aborted rollout again",
} as const;

type Verb = keyof typeof VERBS;

/** `sluice rollout …`: moves a service to another version, by what its requests show. */
export function addRollout(program: Command, context: CliContext): void {
  const rollout = program
    .command("rollout")
    .description("move a service to another version, by what its requests show");
  addStart(rollout, context);
  addList(rollout, context);
  addGet(rollout, context);
  addWatch(rollout, context);
  addExplain(rollout, context);
  addReplay(rollout, context);
  for (const verb of Object.keys(VERBS) as Verb[]) addVerb(rollout, context, verb);
}

function addList(rollout: Command, context: CliContext): void {
  rollout
    .command("list")
    .description("show the rollouts, the latest first")
    .action(async (_options: object, command: Command) => {
      const list = await clientOf(command, context).get<RolloutList>(PATH);
      print(command, context, list, ({ rollouts }) => rolloutsText(rollouts));
    });
}

function addGet(rollout: Command, context: CliContext): void {
  rollout
    .command("get")
    .description("show one rollout, and what was decided why")
    .argument("<service>", "name of a service, for its latest, or a rollout's id")
    .action(async (id: string, _options: object, command: Command) => {
      const view = await clientOf(command, context).get<RolloutView>(pathOf(id));
      print(command, context, view, rolloutText);
    });
}

function addExplain(rollout: Command, context: CliContext): void {
  rollout
    .command("explain")
    .description("say in sentences where a rollout stands, why, and what is to come")
    .argument("<service>", "name of a service, for its latest, or a rollout's id")
    .action(async (id: string, _options: object, command: Command) => {
      const path = `${pathOf(id)}/explain`;
      const answer = await clientOf(command, context).get<Explanation>(path);
      print(command, context, answer, ({ explanation }) => explanation.join("\n"));
    });
}

function addWatch(rollout: Command, context: CliContext): void {
  rollout
    .command("watch")
    .description("follow a rollout to its end; fails unless that is a success")
    .argument("<service>", "name of a service, for its latest, or a rollout's id")
    .action(async (id: string, _options: object, command: Command) => {
      const { json = false } = command.optsWithGlobals<GlobalOptions>();
      const { output } = context;
      const end = await watchRollout(id, {
        client: clientOf(command, context),
        clock: systemClock,
        signal: output.ended ?? new AbortController().signal,
        ...rolloutScreen(output, json),
      });
      if (end?.phase === "aborted") context.exitWith(EXIT.failed);
    });
}

function addVerb(rollout: Command, context: CliContext, verb: Verb): void {
  const added = rollout
    .command(verb)
    .description(VERBS[verb])
    .argument("<service>", "name of a service, for its latest, or a rollout's id");
  if (verb === "promote") added.option("--full", "give it everything at once");
  if (verb === "abort" || verb === "undo") {
    added.option("--ramp <duration>", "bit by bit in this time, instead of at once");
  }
  type Options = ReasonOptions & { readonly full?: boolean; readonly ramp?: string };
  withReason(added).action(async (id: string, options: Options, command: Command) => {
    const { full, ramp } = options;
    const body = full === undefined && ramp === undefined ? undefined : { full, ramp };
    const send = { reason: reasonOption(options), body };
    const view = await clientOf(command, context).send<RolloutView>("POST", pathOf(id, verb), send);
    print(command, context, view, (after) => `Rollout ${after.id} is ${progressText(after)}`);
  });
}

function pathOf(id: string, verb?: Verb): string {
  return verb === undefined ? rolloutPath(id) : `${rolloutPath(id)}/${verb}`;
}
