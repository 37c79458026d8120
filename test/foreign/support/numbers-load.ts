import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { eventually } from "../../support/eventually.ts";
import { program } from "./programs.ts";

/** What a load has seen so far, as programs/go/numbers reports it. */
export type NumbersReport = {
  /** Unary calls, streams, messages of streams, and requests that are no gRPC, that went well. */
  readonly unary: number;
  readonly streams: number;
  readonly messages: number;
  readonly gets: number;
  /** Connections that the clients of those requests have opened. */
  readonly dials: number;
  /** What the endpoints of each version have been given. */
  readonly versions: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly doubled: number;
  readonly disordered: number;
  /** How often each kind of failure was. */
  readonly failures: Readonly<Record<string, number>>;
};

/** What is right at the end of a load. */
export const NOTHING_LOST: Partial<NumbersReport> = {
  failed: 0,
  doubled: 0,
  disordered: 0,
  failures: {},
};

const MORE_WITHIN_MS = 30_000;

/**
 * Calls, streams and plain requests of HTTP/2 by grpc-go and net/http, numbered, with the two
 * endpoints that they are for.
 */
export class NumbersLoad implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** Addresses of the endpoints of v1 and v2. */
  endpoints: readonly [v1: string, v2: string] = ["", ""];

  /** Starts the endpoints alone. `roots`: the load speaks TLS, and trusts these. */
  static async start(roots?: string): Promise<NumbersLoad> {
    const load = new NumbersLoad(roots);
    const [v1 = "", v2 = ""] = (await load.#line()).split(" ");
    load.endpoints = [v1, v2];
    return load;
  }

  private constructor(roots: string | undefined) {
    const env = { ...process.env, ...(roots !== undefined && { CA_FILE: roots }) };
    const stdio = ["pipe", "pipe", "inherit"] as const;
    this.#child = spawn(program("numbers"), [], { env, stdio: [...stdio] });
    const input = this.#child.stdout as NodeJS.ReadableStream;
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  /** Begins to send to these addresses, any of which will do. */
  send(addresses: readonly string[]): void {
    this.#tell(addresses.join(" "));
  }

  /** What it has seen so far. */
  report(): Promise<NumbersReport> {
    return this.#ask("report");
  }

  /** Resolves when `count` more calls have been answered, and that many messages. */
  async more(count: number): Promise<void> {
    const before = await this.report();
    await eventually(async () => {
      const { unary, messages } = await this.report();
      if (unary < before.unary + count || messages < before.messages + count) {
        throw new Error(`The load has ${unary - before.unary} of ${count} more answers`);
      }
    }, MORE_WITHIN_MS);
  }

  /** Lets everything under way end, and ends it. */
  stop(): Promise<NumbersReport> {
    return this.#ask("stop");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
  }

  async #ask(line: string): Promise<NumbersReport> {
    this.#tell(line);
    return JSON.parse(await this.#line()) as NumbersReport;
  }

  #tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("The load has ended");
    return value;
  }
}
