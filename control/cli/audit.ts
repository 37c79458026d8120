import type { Command } from "commander";
import type { AuditEntry } from "../records/audit.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { tableText } from "./output.ts";
import { readWhole } from "./write-options.ts";

/** `sluice audit`: who changed what, when and why. */
export function addAudit(program: Command, context: CliContext): void {
  program
    .command("audit")
    .description("show the latest changes: who made them, when and why")
    .option("--limit <n>", "most entries to show", "20")
    .option("--since <n>", "show the first entries after this sequence number")
    .action(
      async (options: { readonly limit: string; readonly since?: string }, command: Command) => {
        for (const [name, text] of Object.entries(options)) readWhole(`--${name}`, text);
        const query = new URLSearchParams(options);
        const path = `/v1/audit?${query.toString()}`;
        const log = await clientOf(command, context).get<{ readonly entries: AuditEntry[] }>(path);
        print(command, context, log, auditText);
      },
    );
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
