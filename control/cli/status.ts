import type { Command } from "commander";
import { visibleText } from "../../proxy/base/visible-text.ts";
import { EXIT } from "./cli-error.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import type { ServiceView } from "../views/service-view.ts";
import type { Problems } from "../views/problems-view.ts";
import { tableText } from "./output.ts";

type Status = {
  readonly api: string;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** What may be out of date. */
  readonly stale: readonly string[];
  /** Absent: the sidecar is older and does not say. */
  readonly problems?: Problems["problems"];
  readonly moreProblems?: number;
  readonly revision: number;
  readonly services: number;
  readonly countsMissing?: string;
};

type Health = Pick<Status, "ready" | "reasons" | "stale" | "problems" | "moreProblems">;

/** `sluice status`: one look at the sidecar. */
export function addStatus(program: Command, context: CliContext): void {
  program
    .command("status")
    .description("say what is not well, and whether the sidecar is ready and, if not, why")
    .option("--check", "only ask whether it is ready, and fail (exit status 1) if it is not")
    .action(async (options: { readonly check?: boolean }, command: Command) => {
      const client = clientOf(command, context);
      const health = await client.probe<Health>("/readyz");
      if (options.check === true) {
        print(command, context, health, (answer) => `ready: ${readyText(answer)}`);
        context.exitWith(health.ready ? EXIT.done : EXIT.failed);
        return;
      }
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
  const { problems = [], moreProblems = 0 } = status;
  const texts = [
    ...problems.map(({ text }) => text),
    ...(moreProblems === 0 ? [] : [`and ${moreProblems} more`]),
  ];
  const table = tableText(
    ["api", status.api],
    [
      ["ready", readyText(status)],
      ["registry", status.stale.length === 0 ? "in step, or none" : status.stale.join("; ")],
      ["revision", status.revision],
      ["services", status.services],
      ["workers", status.countsMissing ?? "all answer"],
    ],
  );
  return [...texts.map((text) => `problem: ${visibleText(text)}`), table].join("\n");
}

function readyText({ ready, reasons }: Health): string {
  return ready ? "yes" : `no: ${reasons.join(", ")}`;
}
