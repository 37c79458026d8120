import type { Command } from "commander";
import type { AuditCheck } from "../records/audit.ts";
import type { AuditEntry } from "../records/audit-entry.ts";
import { EXIT } from "./cli-error.ts";
import { clientOf, print } from "./commands.ts";
import type { CliContext } from "./commands.ts";
import { tableText } from "./output.ts";
import { readWhole, reasonOption, withReason } from "./write-options.ts";

type AuditOptions = {
  readonly limit: string;
  readonly since?: string;
  readonly verify?: boolean;
  readonly accept?: boolean;
  readonly reason?: string;
};

/** `sluice audit`: who changed what, when and why. */
export function addAudit(program: Command, context: CliContext): void {
  const audit = program
    .command("audit")
    .description("show the latest changes: who made them, when and why")
    .option("--limit <n>", "most entries to show", "20")
    .option("--since <n>", "show the first entries after this sequence number")
    .option(
      "--verify",
      "check the chain of the whole log, and fail (exit status 1) if it is broken",
    )
    .option("--accept", "say that you know why the log is not what was noted of it in Consul");
  withReason(audit).action(async (options: AuditOptions, command: Command) => {
    if (options.verify === true) return verify(command, context);
    if (options.accept === true) return accept(options, command, context);
    await list(options, command, context);
  });
}

async function list(
  { limit, since }: AuditOptions,
  command: Command,
  context: CliContext,
): Promise<void> {
  const range = { limit, ...(since !== undefined && { since }) };
  for (const [name, text] of Object.entries(range)) readWhole(`--${name}`, text);
  const query = new URLSearchParams(range);
  const path = `/v1/audit?${query.toString()}`;
  const log = await clientOf(command, context).get<{ readonly entries: AuditEntry[] }>(path);
  print(command, context, log, auditText);
}

async function verify(command: Command, context: CliContext): Promise<void> {
  const check = await clientOf(command, context).get<AuditCheck>("/v1/audit/check");
  print(command, context, check, checkText);
  context.exitWith(check.brokenAt === undefined ? EXIT.done : EXIT.failed);
}

async function accept(options: AuditOptions, command: Command, context: CliContext): Promise<void> {
  const call = { reason: reasonOption(options) };
  const client = clientOf(command, context);
  type Answer = { readonly accepted: boolean };
  const answer = await client.send<Answer>("POST", "/v1/audit/accept", call);
  print(command, context, answer, ({ accepted }) =>
    accepted
      ? "Accepted: the log has an entry that says so"
      : "Nothing to accept: the log is what was noted of it",
  );
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
