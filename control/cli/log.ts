import { Argument } from "commander";
import type { Command } from "commander";
import { LOG_LEVELS } from "../../proxy/base/log-level.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";

/** `sluice log [LEVEL]`: how much the sidecar's log says. */
export function addLog(program: Command, context: CliContext): void {
  program
    .command("log")
    .description("show from which level on the sidecar's log is written, or set it")
    .addArgument(new Argument("[level]", "until the next start").choices(LOG_LEVELS))
    .action(async (level: string | undefined, _options: object, command: Command) => {
      const client = clientOf(command, context);
      type Answer = { readonly level: string };
      const answer =
        level === undefined
          ? await client.get<Answer>("/v1/log")
          : await client.send<Answer>("PUT", "/v1/log", { body: { level } });
      print(command, context, answer, (now) => `The log has lines from level ${now.level} on`);
    });
}
