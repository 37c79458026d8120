import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { RawSocket } from "./raw-socket.ts";

/** A server that prints its port or path and drops what it accepts. */
const PROGRAM = `
  const path = process.argv[1];
  const place = path === undefined ? { host: "127.0.0.1", port: 0 } : { path };
  const server = require("node:net").createServer((socket) => socket.destroy());
  server.listen({ ...place, backlog: 1 }, () => console.log(path ?? server.address().port));
`;

/** Connections that the kernel queues for a backlog of 1; there is no room for any more. */
const QUEUED = 2;

/**
 * A listener whose process is stopped and whose queue of connections is full. At a port, connecting
 * hangs as if the host were gone, because the kernel drops every further SYN; at a Unix socket it
 * fails with EAGAIN.
 */
export class StalledListener {
  readonly #child: ChildProcess;
  readonly #fillers: readonly RawSocket[];
  /** As an endpoint of a service. */
  readonly address: string;

  /** `path`: of a Unix socket. undefined: at a port of 127.0.0.1. */
  static async start(path?: string): Promise<StalledListener> {
    const args = path === undefined ? [] : [path];
    const child = spawn(process.execPath, ["-e", PROGRAM, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    child.kill("SIGSTOP");
    const target = path === undefined ? { port: Number(line) } : { path };
    const fillers = Array.from({ length: QUEUED }, () => RawSocket.open(target));
    const address = path === undefined ? `127.0.0.1:${line}` : `unix:${path}`;
    return new StalledListener(child, await Promise.all(fillers), address);
  }

  private constructor(child: ChildProcess, fillers: readonly RawSocket[], address: string) {
    this.#child = child;
    this.#fillers = fillers;
    this.address = address;
  }

  /** Starts accepting. */
  goOn(): void {
    this.#child.kill("SIGCONT");
  }

  [Symbol.dispose](): void {
    for (const filler of this.#fillers) filler.close();
    this.#child.kill("SIGKILL");
  }
}
