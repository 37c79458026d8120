import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { eventually } from "../../support/eventually.ts";

/** How long a program may take to its end. */
const RUN_DEADLINE_MS = 60_000;
/** How long a server may take to listen: a JIT compiles, a loaded machine waits. */
const START_DEADLINE_MS = 30_000;
/** A client prints at most a body. */
const OUTPUT_MAX_BYTES = 128 * 1024 * 1024;

/** How a program has ended. */
export type Ended = {
  /** Exit status, or the signal that ended it. */
  readonly status: number | string;
  readonly out: string;
  readonly error: string;
};

/** What a program is run with. */
export type RunOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may run. Not for servers. */
  readonly timeoutMs?: number;
  /** A folder of a server's own, which goes away with it. */
  readonly ownFolder?: string;
};

/** Runs a program to its end, whatever that is. */
export function runProgram(
  file: string,
  args: readonly string[],
  { cwd, env = {}, timeoutMs = RUN_DEADLINE_MS }: RunOptions = {},
): Promise<Ended> {
  const options = {
    cwd,
    env: { ...process.env, ...env },
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    maxBuffer: OUTPUT_MAX_BYTES,
  } as const;
  return new Promise((resolve) => {
    execFile(file, args, options, (failure, out, error) => {
      const status = failure === null ? 0 : (failure.signal ?? failure.code ?? 1);
      resolve({ status, out, error });
    });
  });
}

/** A server that somebody else wrote, in a process group of its own. */
export class ForeignServer {
  readonly #child: ChildProcess;
  readonly #ownFolder: string | undefined;
  /** As an endpoint of a service. */
  readonly address: string;
  #output = "";

  /** Starts it; `args` make it listen at a port of 127.0.0.1. Resolves when it does. */
  static async start(
    port: number,
    file: string,
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<ForeignServer> {
    const server = new ForeignServer(file, args, `127.0.0.1:${port}`, options);
    return server.#listening(() => canConnect({ host: "127.0.0.1", port }));
  }

  /** As start(), at a Unix socket. */
  static async startAt(
    path: string,
    file: string,
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<ForeignServer> {
    const server = new ForeignServer(file, args, `unix:${path}`, options);
    return server.#listening(() => canConnect({ path }));
  }

  private constructor(
    file: string,
    args: readonly string[],
    address: string,
    { cwd, env = {}, ownFolder }: RunOptions,
  ) {
    this.address = address;
    this.#ownFolder = ownFolder;
    this.#child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer): void => void (this.#output += String(chunk));
    this.#child.stdout?.on("data", keep);
    this.#child.stderr?.on("data", keep);
    this.#child.on("error", (error) => (this.#output += String(error)));
  }

  /** What it wrote to stdout and stderr so far. */
  get output(): string {
    return this.#output;
  }

  /** Port, where it has one. */
  get port(): number {
    return Number(this.address.split(":").at(-1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null) {
      const ended = once(this.#child, "exit");
      process.kill(-pid, "SIGKILL");
      await ended;
    }
    if (this.#ownFolder !== undefined) await rm(this.#ownFolder, { recursive: true, force: true });
  }

  async #listening(isThere: () => Promise<void>): Promise<this> {
    try {
      await eventually(async () => {
        await isThere();
        if (this.#child.exitCode !== null) throw new Error("It has ended");
      }, START_DEADLINE_MS);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw new Error(`Cannot start a server; it wrote: ${this.#output}`, { cause: error });
    }
    return this;
  }
}

async function canConnect(to: { host: string; port: number } | { path: string }): Promise<void> {
  const socket = connect(to);
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
