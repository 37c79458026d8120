import { Option } from "commander";
import type { Command } from "commander";
import type { Plan } from "../api/plan.ts";
import type { ShiftResult } from "../table/service-writes.ts";
import { servicePath } from "./client.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { percentText, withWarnings } from "./output.ts";
import { planText } from "./plan-text.ts";
import { readWeights } from "./read-weights.ts";
import { withWriteOptions, writeOptions } from "./write-options.ts";
import type { WriteOptions } from "./write-options.ts";

type ShiftOptions = WriteOptions & {
  readonly plan?: boolean;
  readonly wait?: "fleet";
  readonly confirmWithin?: string;
};

/** `sluice confirm web`: what was tried stays. */
export function addConfirm(program: Command, context: CliContext): void {
  program
    .command("confirm")
    .description("keep a shift that waits for that")
    .argument("<service>", "name of a service")
    .action(async (service: string, _options: object, command: Command) => {
      const client = clientOf(command, context);
      const answer = await client.send<object>("POST", servicePath(service, "confirm"));
      print(command, context, answer, () => `${service} stays as it is`);
    });
}

function queryOf({ wait, confirmWithin }: ShiftOptions): string {
  const entries = Object.entries({ wait, confirmWithin });
  const given = entries.filter((each): each is [string, string] => each[1] !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

/** `sluice shift web v1=80 v2=20`: moves traffic. */
export function addShift(program: Command, context: CliContext): void {
  const shift = program
    .command("shift")
    .description("move traffic between the versions of a service")
    .argument("<service>", "name of a service")
    .argument(
      "<weights...>",
      "version=weight or version=10%; the others keep weights or proportions",
    )
    .option("--confirm-within <duration>", "take it back unless `sluice confirm` comes in time")
    .option("--plan", "only say what the shift would do")
    .addOption(
      new Option("--wait <whom>", "answer once all live sidecars act on the shift").choices([
        "fleet",
      ]),
    );
  withWriteOptions(shift).action(
    async (service: string, pairs: readonly string[], options: ShiftOptions, command: Command) => {
      const body = readWeights(pairs);
      const client = clientOf(command, context);
      if (options.plan === true) {
        const asked = { body, takeOver: options.takeOver };
        const plan = await client.send<Plan>("POST", servicePath(service, "plan"), asked);
        print(command, context, plan, planText);
        return;
      }
      const write = { ...(await writeOptions(client, service, options)), body };
      const path = `${servicePath(service, "weights")}${queryOf(options)}`;
      const result = await client.send<ShiftResult>("PATCH", path, write);
      const { confirmWithin } = options;
      const hint = confirmWithin && `; \`sluice confirm ${service}\` keeps it`;
      print(command, context, result, (answer) => shiftText(service, answer) + (hint ?? ""));
    },
  );
}

function shiftText(service: string, result: ShiftResult): string {
  const { revision, weights, shares } = result;
  const parts = Object.entries(weights).map(
    ([version, weight]) => `${version}=${weight} (${percentText(shares[version] ?? 0)})`,
  );
  return withWarnings(`${service} is at revision ${revision}: ${parts.join(", ")}`, result);
}
