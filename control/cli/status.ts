import type { Command } from "commander";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import type { ServiceView } from "../views/service-view.ts";
import { tableText } from "./output.ts";

type Status = {
  readonly api: string;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** What may be out of date. */
  readonly stale: readonly string[];
  readonly revision: number;
  readonly services: number;
  readonly countsMissing?: string;
};

/** `sluice status`: one look at the sidecar. */
export function addStatus(program: Command, context: CliContext): void {
  program
    .command("status")
    .description("say whether the sidecar is ready and, if not, why")
    .action(async (_options: object, command: Command) => {
      const client = clientOf(command, context);
      const health = await client.probe<Pick<Status, "ready" | "reasons" | "stale">>("/readyz");
      const table = await client.get<{
        readonly revision: number;
        readonly services: readonly ServiceView[];
        readonly countsMissing?: string;
      }>("/v1/services");
      const services = table.services.length;
      const status: Status = { api: client.url, ...health, ...table, services };
      print(command, context, status, statusText);
    });
}

function statusText(status: Status): string {
  return tableText(
    ["api", status.api],
    [
      ["ready", status.ready ? "yes" : `no: ${status.reasons.join(", ")}`],
      ["registry", status.stale.length === 0 ? "in step, or none" : status.stale.join("; ")],
      ["revision", status.revision],
      ["services", status.services],
      ["workers", status.countsMissing ?? "all answer"],
    ],
  );
}
