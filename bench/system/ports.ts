import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How long to wait before a port is tried again. */
const RETRY_MS = 20;

/** A port of 127.0.0.1 that is free now, for programs that cannot be given port 0. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves when something accepts connections there. @throws Error after `withinMs`. */
export async function untilOpen(port: number, withinMs: number, host = "127.0.0.1"): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!(await accepts(port, host))) {
    if (performance.now() > deadlineMs)
      throw new Error(`Cannot connect to ${host}:${port} in time`);
    await sleep(RETRY_MS);
  }
}

async function accepts(port: number, host: string): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
