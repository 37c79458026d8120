import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { RawSocket } from "../../support/raw-socket.ts";

/** A server that prints its port and drops what it accepts. */
const PROGRAM = `
  const server = require("node:net").createServer((socket) => socket.destroy());
  server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => console.log(server.address().port));
`;

/** Connections that the kernel queues for a backlog of 1; what comes after them hangs. */
const QUEUED = 2;

/**
 * A port where connecting hangs, as behind a host that is gone: a stopped process whose queue of
 * connections is full, so that the kernel drops every further SYN.
 */
export class StalledListener {
  readonly #child: ChildProcess;
  readonly #fillers: readonly RawSocket[];
  /** As an endpoint of a service. */
  readonly address: string;

  static async start(): Promise<StalledListener> {
    const child = spawn(process.execPath, ["-e", PROGRAM], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    child.kill("SIGSTOP");
    const target = { port: Number(line) };
    const fillers = Array.from({ length: QUEUED }, () => RawSocket.open(target));
    return new StalledListener(child, await Promise.all(fillers), `127.0.0.1:${line}`);
  }

  private constructor(child: ChildProcess, fillers: readonly RawSocket[], address: string) {
    this.#child = child;
    this.#fillers = fillers;
    this.address = address;
  }

  [Symbol.dispose](): void {
    for (const filler of this.#fillers) filler.close();
    this.#child.kill("SIGKILL");
  }
}
