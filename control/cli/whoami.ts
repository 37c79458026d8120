import type { Command } from "commander";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { tableText } from "./output.ts";

/** What `GET /v1/whoami` says. */
type Whoami = {
  readonly actor: string;
  readonly role: string;
  /** Absent: all of them. */
  readonly services?: readonly string[];
};

/** `sluice whoami`: what the API takes its caller for. */
export function addWhoami(program: Command, context: CliContext): void {
  program
    .command("whoami")
    .description("say who you are to the control API, and what you may do there")
    .action(async (_options: object, command: Command) => {
      const caller = await clientOf(command, context).get<Whoami>("/v1/whoami");
      print(command, context, caller, callerText);
    });
}

function callerText({ actor, role, services }: Whoami): string {
  return tableText(
    ["actor", actor],
    [
      ["role", role],
      ["services", services === undefined ? "all" : services.join(", ") || "none"],
    ],
  );
}
