import type { Command } from "commander";
import { servicePath } from "./client.ts";
import type { ApiClient, SendOptions } from "./client.ts";
import { usageError } from "./cli-error.ts";

/** Options that every command that writes the table takes. */
export type WriteOptions = {
  readonly ifRev?: string;
  readonly reason?: string;
  readonly force?: boolean;
};

/** Adds them to a command. */
export function withWriteOptions(command: Command): Command {
  return command
    .option(
      "--if-rev <n>",
      "write only if the table still has this revision (default: read it now)",
    )
    .option("--reason <text>", "why; the audit log keeps it")
    .option("--force", "write even if nothing serves a service that has traffic; needs --reason");
}

/**
 * What a write sends along. Without --if-rev it reads the revision first, so that it notices a
 * write in between instead of overwriting it.
 */
export function writeOptions(
  client: ApiClient,
  service: string,
  options: WriteOptions,
): Promise<SendOptions> {
  return writeOptionsFrom(client, servicePath(service), options);
}

/** Like writeOptions(); `path`: where to read the revision. */
export async function writeOptionsFrom(
  client: ApiClient,
  path: string,
  { ifRev, force, ...options }: WriteOptions,
): Promise<SendOptions> {
  const reason = reasonOf(options);
  if (force === true && reason === undefined) {
    throw usageError("Cannot force: wanted --reason TEXT beside --force, found none");
  }
  if (ifRev !== undefined) return { ifRevision: readRevision(ifRev), reason, force };
  const { revision } = await client.get<{ readonly revision: number }>(path);
  return { ifRevision: revision, reason, force };
}

function readRevision(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw usageError(`Cannot read --if-rev: wanted a whole number, found ${JSON.stringify(text)}`);
}

/** As the audit log keeps it: a commit message ends with a line break. undefined: none given. */
function reasonOf({ reason }: Pick<WriteOptions, "reason">): string | undefined {
  return reason?.replaceAll("\r\n", "\n").trim() || undefined;
}
