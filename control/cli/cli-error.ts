import { ConfigError } from "../base/errors.ts";
import type { Problem } from "../base/errors.ts";

/** Exit statuses that scripts rely on. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Why a command cannot continue, in words for people and a code for programs. */
export class CliError extends Error {
  /** Stable; the API's own where the API refused. */
  readonly code: string;
  readonly exitCode: number;
  /** Everything that is wrong with a document. Empty: not about one. */
  readonly problems: readonly Problem[];

  constructor(
    code: string,
    message: string,
    more: {
      readonly exitCode?: number;
      readonly problems?: readonly Problem[];
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = new.target.name;
    this.code = code;
    this.exitCode = more.exitCode ?? EXIT.failed;
    this.problems = more.problems ?? [];
  }
}

/** The command line itself cannot be understood: `Cannot read weight: wanted …, found …`. */
export function usageError(message: string): CliError {
  return new CliError("usage", message, { exitCode: EXIT.usage });
}

/** Rethrows what went wrong with a configuration file: a bad file is a usage error. */
export function configRefusal(error: unknown): never {
  if (!(error instanceof ConfigError)) throw error;
  const { code, message, problems } = error;
  throw new CliError(code, message, { exitCode: EXIT.usage, problems, cause: error });
}
