import type { Command } from "commander";
import type { AuditCheck, AuditEntry } from "../records/audit.ts";
import { EXIT } from "./cli-error.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { tableText } from "./output.ts";
import { readWhole } from "./write-options.ts";

type AuditOptions = {
  readonly limit: string;
  readonly since?: string;
  readonly verify?: boolean;
};

/** `sluice audit`: who changed what, when and why. */
export function addAudit(program: Command, context: CliContext): void {
  program
    .command("audit")
    .description("show the latest changes: who made them, when and why")
    .option("--limit <n>", "most entries to show", "20")
    .option("--since <n>", "show the first entries after this sequence number")
    .option(
      "--verify",
      "check the chain of the whole log, and fail (exit status 1) if it is broken",
    )
    .action(async ({ verify, ...range }: AuditOptions, command: Command) => {
      const client = clientOf(command, context);
      if (verify === true) {
        const check = await client.get<AuditCheck>("/v1/audit/check");
        print(command, context, check, checkText);
        context.exitWith(check.brokenAt === undefined ? EXIT.done : EXIT.failed);
        return;
      }
      for (const [name, text] of Object.entries(range)) readWhole(`--${name}`, text);
      const query = new URLSearchParams(range);
      const path = `/v1/audit?${query.toString()}`;
      const log = await client.get<{ readonly entries: AuditEntry[] }>(path);
      print(command, context, log, auditText);
    });
}

/** `8:HASH` is what the sidecar's log says of the last entry too. */
function checkText({ entries, torn, brokenAt, head }: AuditCheck): string {
  const verdict = brokenAt === undefined ? "holds" : `is broken at ${brokenAt}`;
  const last = `last ${head.sequence}:${head.hash}`;
  return `The chain ${verdict}: ${entries} entries read, ${torn} torn lines, ${last}`;
}

function auditText({ entries }: { readonly entries: readonly AuditEntry[] }): string {
  const head = ["NO", "TIME", "ACTOR", "ACTION", "SERVICE", "REVISION", "REASON"];
  const rows = entries.map((entry) => [
    entry.sequence,
    entry.time,
    entry.actor,
    entry.action,
    entry.service,
    entry.revision,
    entry.reason ?? "",
  ]);
  return tableText(head, rows);
}
