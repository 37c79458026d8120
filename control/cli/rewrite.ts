import type { Command } from "commander";
import type { RewriteAnswer } from "../api/store-route.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { reasonOption, withReason } from "./write-options.ts";

type RewriteOptions = { readonly unsigned?: boolean; readonly reason?: string };

/** `sluice rewrite`: puts the table in force into Consul again, signed. */
export function addRewrite(program: Command, context: CliContext): void {
  const rewrite = program
    .command("rewrite")
    .description("write the table in force to Consul again, over whatever stands in its place")
    .option("--unsigned", "without a signature, to do without signatures from now on");
  withReason(rewrite).action(async (options: RewriteOptions, command: Command) => {
    const path = `/v1/store/rewrite${options.unsigned === true ? "?signed=false" : ""}`;
    const call = { reason: reasonOption(options) };
    const answer = await clientOf(command, context).send<RewriteAnswer>("POST", path, call);
    print(command, context, answer, ({ revision, signed }) => {
      const how = signed ? "signed" : "without a signature";
      return `Revision ${revision} is in Consul again, ${how}`;
    });
  });
}
