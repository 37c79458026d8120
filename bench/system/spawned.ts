import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { systemClock } from "../../proxy/base/clock.ts";
import { orLate } from "../../proxy/base/deadline.ts";
import { processTree } from "./process-tree.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** How long a process may take to say that it is ready. */
const READY_WAIT_MS = 30_000;
/** How long a process may take to end after SIGTERM. */
const END_WAIT_MS = 3_000;
/** How much of what a process says is kept for the error message. */
const SAID_CHARACTERS_MAX = 2_000;

/** How to start a process. */
export type Command = {
  readonly file: string;
  readonly arguments: readonly string[];
  /** Processors it may use, as `taskset -c` takes them. */
  readonly cores: string;
  readonly env?: Readonly<Record<string, string>>;
};

/**
 * A process of the bench: pinned to its processors, and ended with everything that descends from
 * it, even when the bench itself ends early.
 */
export class Spawned implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #file: string;
  readonly #ended: Promise<unknown>;
  readonly #killNow = (): void => this.#signal("SIGKILL");
  #said = "";

  constructor(command: Command) {
    const { cores, file } = command;
    this.#file = file;
    this.child = spawn("taskset", ["-c", cores, file, ...command.arguments], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...command.env },
    });
    this.child.stderr?.on("data", (bytes: Buffer) => this.#keepSaid(bytes.toString()));
    // It may be gone before it has read what we tell it.
    this.child.stdin?.on("error", () => undefined);
    this.#ended = once(this.child, "exit");
    this.#ended.catch(() => undefined);
    // One listener for each process: many at once are no leak.
    process.setMaxListeners(Math.max(process.getMaxListeners(), process.listenerCount("exit") + 2));
    process.once("exit", this.#killNow);
  }

  /** Its process id; those of its children: processTree. */
  get pid(): number {
    return this.child.pid as number;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Ends it without warning, as a crash does. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  /** An error that tells what this process last said. */
  failure(what: string): Error {
    return new Error(`Cannot run ${this.#file}: ${what}: ${this.#said.trim()}`);
  }

  /**
   * Resolves with the first value that `find` makes of a line of its output. The rest of the output
   * is read and dropped. @throws Error when it ends, or prints no such line in time.
   */
  async firstLine<Value>(find: (line: string) => Value | undefined): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const tooLate = setTimeout(() => reject(this.failure("not ready in time")), READY_WAIT_MS);
    this.#ended.then(
      () => reject(this.failure("ended before it was ready")),
      (error: unknown) => reject(this.failure(errorText(error))),
    );
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      this.#keepSaid(`${line}\n`);
      const value = find(line);
      if (value !== undefined) resolve(value);
    });
    return promise.finally(() => clearTimeout(tooLate));
  }

  /** Resolves with all of its output when it has ended by itself. @throws Error when it failed. */
  async output(withinMs: number): Promise<string> {
    let text = "";
    this.child.stdout?.on("data", (bytes: Buffer) => (text += bytes.toString()));
    const tooLate = setTimeout(this.#killNow, withinMs);
    await once(this.child, "close").finally(() => clearTimeout(tooLate));
    process.removeListener("exit", this.#killNow);
    if (this.child.exitCode === 0) return text;
    throw this.failure(`ended with ${this.child.exitCode ?? this.child.signalCode}`);
  }

  /** Ends it: SIGTERM, then SIGKILL for whatever of its tree is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) {
      const tree = processTree(this.pid);
      this.child.kill("SIGTERM");
      await orLate(this.#ended, END_WAIT_MS, systemClock, () => undefined);
      for (const pid of tree) killIfThere(pid, "SIGKILL");
      await this.#ended;
    }
    process.removeListener("exit", this.#killNow);
  }

  #keepSaid(text: string): void {
    this.#said = (this.#said + text).slice(-SAID_CHARACTERS_MAX);
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.running || this.child.pid === undefined) return;
    for (const pid of processTree(this.pid)) killIfThere(pid, signal);
  }
}

function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Ends this process in order on Ctrl-C or SIGTERM, so that what it has started ends with it. */
export function exitOnSignals(): void {
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
}
