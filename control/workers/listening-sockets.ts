import net from "node:net";
import { lstat, rename, unlink } from "node:fs/promises";
import { getSystemErrorName } from "node:util";
import { ListenError } from "../base/errors.ts";
import type { SocketFile } from "../config/control-schema.ts";
import { assertOwnFolder, openToSome, withNoRights } from "./socket-file.ts";

/** A bound socket of node's own: what a worker's `server.listen(handle)` takes. */
export type BoundSocket = {
  close(): void;
  getsockname?(out: { address?: string; port?: number }): number;
};

/** Node's own way to bind without accepting; node:cluster uses it. */
type CreateHandle = (
  address: string | null,
  port: number,
  addressType: 4 | 6 | -1,
  fd: number | undefined,
  flags: number,
) => BoundSocket | number;

/** Bit of libuv's uv_tcp_bind: an IPv6 socket that does not also take IPv4. */
const IPV6_ONLY = 1;

/** The beginning of a Unix socket's bind. */
const UNIX = "unix:";

/**
 * The listening sockets of a sidecar. The primary binds them and holds them open, workers accept:
 * a connection that arrives while no worker is there waits in the kernel's queue for the next one.
 * node:cluster closes a socket with its last worker, which would refuse exactly those.
 *
 * `net._createServerHandle` is not documented; this class is its only user, and
 * test/control/workers/listening-sockets.test.ts says when it breaks.
 */
export class ListeningSockets {
  readonly #sockets: Map<string, BoundSocket>;

  /** `inherited`: sockets that an earlier process has bound. */
  constructor(inherited: ReadonlyMap<string, BoundSocket> = new Map()) {
    this.#sockets = new Map(inherited);
  }

  /** Every open socket by its name. */
  get all(): ReadonlyMap<string, BoundSocket> {
    return this.#sockets;
  }

  /**
   * The bound socket of this name; binds it if it is not bound yet. Under another name, port 0 is
   * another port. @throws ListenError with the reason.
   */
  async open(bind: string, name = bind): Promise<BoundSocket> {
    const known = this.#sockets.get(name);
    if (known !== undefined) return known;
    if (bind.startsWith(UNIX)) await removeStaleSocket(bind.slice(UNIX.length));
    const socket = boundSocket(bind);
    this.#sockets.set(name, socket);
    return socket;
  }

  /**
   * The same of a Unix socket whose file only some may open, from its first moment. That file stays
   * when the socket is closed, as it may be another process's by then.
   * @throws ListenError
   */
  async openFile(file: SocketFile, name: string): Promise<BoundSocket> {
    const known = this.#sockets.get(name);
    if (known !== undefined) {
      await openToSome(file);
      return known;
    }
    const { path } = file;
    await assertOwnFolder(path);
    if (await isTaken(path)) throw new ListenError(UNIX + path, "EADDRINUSE");
    const socket = await bindAside(file);
    this.#sockets.set(name, socket);
    return socket;
  }

  /** Where clients reach an open socket: port 0 has become a number; Unix sockets are unchanged. */
  address(name: string): string {
    const bound: { address?: string; port?: number } = {};
    this.#sockets.get(name)?.getsockname?.(bound);
    if (bound.address === undefined || bound.port === undefined) return name;
    return bound.address.includes(":")
      ? `[${bound.address}]:${bound.port}`
      : `${bound.address}:${bound.port}`;
  }

  /** Refuses connections from now on, once the workers have closed theirs. */
  close(name: string): void {
    this.#sockets.get(name)?.close();
    this.#sockets.delete(name);
  }

  closeAll(): void {
    for (const name of this.#sockets.keys()) this.close(name);
  }
}

/**
 * Binds a socket at another path and moves its file: libuv removes a socket's file, by the path it
 * was bound at, when it closes the socket, and by then the file may be a successor's.
 */
async function bindAside({ path, mode, group }: SocketFile): Promise<BoundSocket> {
  const aside = `${path}~`;
  await removeStaleSocket(aside);
  const socket = withNoRights(() => boundSocket(UNIX + aside));
  try {
    await openToSome({ path: aside, mode, group });
    await rename(aside, path);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** @throws ListenError */
function boundSocket(bind: string): BoundSocket {
  const socket = bindSocket(bind);
  if (typeof socket === "number") throw new ListenError(bind, getSystemErrorName(socket));
  // libuv reports an address in use only at the next call on the handle.
  const status = socket.getsockname?.({}) ?? 0;
  if (status >= 0) return socket;
  socket.close();
  throw new ListenError(bind, getSystemErrorName(status));
}

function bindSocket(bind: string): BoundSocket | number {
  const create = (net as unknown as { _createServerHandle: CreateHandle })._createServerHandle;
  if (bind.startsWith(UNIX)) return create(bind.slice(UNIX.length), -1, -1, undefined, 0);
  const colon = bind.lastIndexOf(":");
  const host = bind.slice(0, colon).replace(/^\[|\]$/g, "");
  const port = Number(bind.slice(colon + 1));
  const type = host.includes(":") ? 6 : 4;
  // `[::]` takes IPv4 too, as in other servers; any other IPv6 address stands for itself only.
  return create(host, port, type, undefined, type === 6 && host !== "::" ? IPV6_ONLY : 0);
}

/**
 * Removes a socket file that a killed process left behind. A socket that answers stays, as does a
 * file that is not a socket.
 */
async function removeStaleSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isSocket() === true && !(await answers(path))) await unlink(path);
}

/** Whether a path holds something else than a socket that somebody has left behind. */
async function isTaken(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && (!stats.isSocket() || (await answers(path)));
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}
