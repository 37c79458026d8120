import type { Command } from "commander";
import { DEFAULT_API } from "./api-request.ts";
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
export type GlobalOptions = {
  readonly api?: string;
  readonly token?: string;
  readonly json?: boolean;
};

/** The control API that the options, else the environment, name. */
export function clientOf(command: Command, { env }: CliContext): ApiClient {
  const { api, token } = command.optsWithGlobals<GlobalOptions>();
  return new ApiClient({
    url: api ?? (env["SLUICE_API"] || DEFAULT_API),
    token: token ?? (env["SLUICE_TOKEN"] || undefined),
  });
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
