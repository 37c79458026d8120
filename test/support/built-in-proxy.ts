import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { TestAgent } from "./consul.ts";
import { eventually } from "./eventually.ts";

/** A program of Go with eight neighbours takes its time. */
const START_TIMEOUT_MS = 20_000;

/** How a proxy differs from one that does nothing. */
export type BuiltInProxyOptions = {
  readonly service: string;
  /** A service that it reaches through the mesh, at `port` of 127.0.0.1. */
  readonly upstream?: string;
  /** `127.0.0.1:3000`, which it lets the mesh reach at `port`. */
  readonly serves?: string;
};

/** Consul's own proxy (`consul connect proxy`): somebody else's other end of the mesh. */
export class BuiltInProxy implements AsyncDisposable {
  /** Of 127.0.0.1, where it listens. */
  readonly port: number;
  readonly #child: ChildProcess;

  /** Resolves when it listens. */
  static async start(
    binary: string,
    agent: TestAgent,
    { service, upstream, serves }: BuiltInProxyOptions,
  ): Promise<BuiltInProxy> {
    const port = await freePort();
    const args = [
      "connect",
      "proxy",
      `-http-addr=${agent.address}`,
      `-service=${service}`,
      ...(upstream === undefined ? [] : [`-upstream=${upstream}:127.0.0.1:${port}`]),
      ...(serves === undefined
        ? []
        : [`-service-addr=${serves}`, `-listen=127.0.0.1:${port}`, "-register"]),
    ];
    const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    }
    process.once("exit", () => void child.kill("SIGKILL"));
    const proxy = new BuiltInProxy(child, port);
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`consul connect proxy ended: ${output}`);
      await canConnect(port);
    }, START_TIMEOUT_MS);
    return proxy;
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

/** A port of 127.0.0.1 that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}

async function canConnect(port: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  socket.destroy();
}
