import type { Command } from "commander";
import type { ReloadReport } from "../sidecar/reload.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { withWarnings } from "./output.ts";
import { forceOptions, withForce } from "./write-options.ts";
import type { ReasonOptions } from "./write-options.ts";

type ReloadArguments = ReasonOptions & {
  readonly plan?: boolean;
  readonly restore?: readonly string[];
};

/** `sluice reload`: reads the configuration file again. */
export function addReload(program: Command, context: CliContext): void {
  const reload = program
    .command("reload")
    .description("read the sidecar's configuration file again; what was shifted since stays")
    .option("--plan", "only say what the reload would do")
    .option("--restore <service...>", "put these services back as the file has them; '*': all");
  withForce(reload).action(async (options: ReloadArguments, command: Command) => {
    const { plan = false, restore = [] } = options;
    const query = new URLSearchParams({
      ...(plan && { plan: "true" }),
      ...(restore.length > 0 && { restore: restore.join(",") }),
    }).toString();
    const path = query === "" ? "/v1/reload" : `/v1/reload?${query}`;
    const client = clientOf(command, context);
    const report = await client.send<ReloadReport>("POST", path, forceOptions(options));
    print(command, context, report, (answer) => reportText(answer, plan));
  });
}

function reportText(report: ReloadReport, plan: boolean): string {
  const { services, listeners, needsRestart } = report;
  const done = [
    ...names("services replaced", services.replaced),
    ...names("services removed", services.removed),
    ...names("listeners opened", listeners.opened),
    ...names("listeners closed", listeners.closed),
  ];
  const kept = [
    ...names("not as in the file", services.differing, " (changed since; --restore puts back)"),
    ...names("not there", services.absent, " (removed since; --restore puts back)"),
    ...names("only after a restart", needsRestart),
  ];
  const subject = plan ? "A reload would change" : "The file is in force, it changed";
  const head = `${subject}${done.length === 0 ? " nothing" : ""}`;
  return withWarnings([head, ...[...done, ...kept].map((line) => `  ${line}`)].join("\n"), report);
}

/** `what: a, b`. Nothing for an empty list. */
function names(what: string, list: readonly string[], more = ""): readonly string[] {
  return list.length === 0 ? [] : [`${what}: ${list.join(", ")}${more}`];
}
