import type { Command } from "commander";
import { readAccess, TOKEN_SHOWN } from "./api-access.ts";
import type { AccessOptions } from "./api-access.ts";
import { DEFAULT_API, readApiAddress } from "./api-address.ts";
import { ApiClient } from "./client.ts";
import type { Output } from "./output.ts";

/** What every command gets from its surroundings. */
export type CliContext = {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Sets the exit status of a command that ends without an error. */
  readonly exitWith: (code: number) => void;
};

/** Options that every command takes. */
export type GlobalOptions = AccessOptions & { readonly api?: string; readonly json?: boolean };

/**
 * The control API that the options, else the environment, name. Warns of a token that others see.
 * @throws CliError usage, token_in_clear
 */
export function clientOf(command: Command, { env, output }: CliContext): ApiClient {
  const { api, json = false, ...options } = command.optsWithGlobals<GlobalOptions>();
  const address = readApiAddress(api ?? (env["SLUICE_API"] || DEFAULT_API));
  const client = new ApiClient(address, readAccess(options, env, address));
  if (options.token !== undefined) {
    const warning = { code: "token_shown", text: TOKEN_SHOWN };
    output.error(json ? JSON.stringify({ warning }) : `warning: ${TOKEN_SHOWN}`);
  }
  return client;
}

/** Prints an answer: as JSON when that was asked for, else as `text` puts it. */
export function print<Answer>(
  command: Command,
  { output }: CliContext,
  answer: Answer,
  text: (answer: Answer) => string,
): void {
  const { json = false } = command.optsWithGlobals<GlobalOptions>();
  output.out(json ? JSON.stringify(answer) : text(answer));
}
