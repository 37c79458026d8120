import type { Command } from "commander";
import { servicePath } from "./client.ts";
import type { ApiClient, SendOptions } from "./client.ts";
import { usageError } from "./cli-error.ts";

/** Why, and whether at any price. */
export type ReasonOptions = { readonly reason?: string; readonly force?: boolean };

/** Options that every command that writes the table takes. */
export type WriteOptions = ReasonOptions & {
  readonly ifRev?: string;
  readonly takeOver?: boolean;
};

/** Adds --reason to a command. */
export function withReason(command: Command): Command {
  return command.option("--reason <text>", "why; the audit log keeps it");
}

/** Adds --reason and --force to a command. */
export function withForce(command: Command): Command {
  return withReason(command).option(
    "--force",
    "write even if nothing serves a service that has traffic; needs --reason",
  );
}

/** Adds all of WriteOptions to a command. */
export function withWriteOptions(command: Command): Command {
  const ifRev = "write only if the table still has this revision (default: read it now)";
  const takeOver = "change weights that a rollout looks after, which lets go of them";
  return withForce(command.option("--if-rev <n>", ifRev)).option("--take-over", takeOver);
}

/**
 * What a write sends along. Without --if-rev it reads the revision first, so that it notices a
 * write in between instead of overwriting it.
 */
export function writeOptions(
  client: Pick<ApiClient, "get">,
  service: string,
  options: WriteOptions,
): Promise<SendOptions> {
  return writeOptionsFrom(client, servicePath(service), options);
}

/** Like writeOptions(); `path`: where to read the revision. */
export async function writeOptionsFrom(
  client: Pick<ApiClient, "get">,
  path: string,
  { ifRev, takeOver, ...options }: WriteOptions,
): Promise<SendOptions> {
  const forced = { ...forceOptions(options), takeOver };
  if (ifRev !== undefined) return { ifRevision: readWhole("--if-rev", ifRev), ...forced };
  const { revision } = await client.get<{ readonly revision: number }>(path);
  return { ifRevision: revision, ...forced };
}

/** What a call sends along that is no write to one revision. @throws CliError usage */
export function forceOptions(options: ReasonOptions): Pick<SendOptions, "reason" | "force"> {
  const reason = reasonOption(options);
  if (options.force === true && reason === undefined) {
    throw usageError("Cannot force: wanted --reason TEXT beside --force, found none");
  }
  return { reason, force: options.force };
}

/** As the audit log keeps it: a commit message ends with a line break. undefined: none given. */
export function reasonOption({ reason }: Pick<ReasonOptions, "reason">): string | undefined {
  return reason?.replaceAll("\r\n", "\n").trim() || undefined;
}

/** A whole number of the command line. @throws CliError usage */
export function readWhole(subject: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw usageError(`Cannot read ${subject}: wanted a whole number, found ${JSON.stringify(text)}`);
}
