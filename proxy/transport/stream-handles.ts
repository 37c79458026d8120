import type { Server, Socket } from "node:net";
import type { ConnectionHandle } from "../base/connection-handle.ts";

/** A write that the kernel has not taken at once. */
type WriteRequest = {
  oncomplete: ((status: number) => void) | null;
  /** What is written must not be collected before. */
  buffer: unknown;
  /** How it ended, if it ended before oncomplete was set. */
  writeStatus: number | null;
};

/** 0: taken. Below 0: the system's error. Otherwise it is under way, if LAST_WRITE_ERROR is 0. */
export type WriteResult = number | WriteRequest;

/** What getpeername() and getsockname() fill in. */
type SocketName = { address?: string; family?: string; port?: number };

/** TCPWrap or PipeWrap: what net.Socket is made of. */
export interface StreamHandle extends ConnectionHandle {
  /** Called with `this` for each read; from then on reads go into what it returns. */
  onread: (this: StreamHandle) => Uint8Array | undefined;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeLatin1String(request: null, text: string): WriteResult;
  writeBuffer(request: null, bytes: Uint8Array): WriteResult;
  /** `chunks`: text, "latin1", bytes, "buffer", and so on. */
  writev(request: null, chunks: readonly unknown[], allBuffers: false): WriteResult;
  shutdown(request: object): number;
  close(onClose?: () => void): void;
  // Only of TCP.
  reset?(onClose: () => void): number;
  getpeername?(name: SocketName): number;
  getsockname?(name: SocketName): number;
  setNoDelay?(on: boolean): number;
  setKeepAlive?(on: boolean, afterSeconds: number, interval: undefined, count: undefined): number;
}

/** The part of `process.binding("stream_wrap")` that we use. */
type StreamWrap = {
  readonly ShutdownWrap: new () => { oncomplete: ((status: number) => void) | null };
  /** Results of the last call, by the indices below. */
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteErr: number;
};

/**
 * Node's own streams below net.Socket, which are not documented. undefined: this Node has none that
 * we know, or (permission model) withholds them; then net.Socket is used.
 *
 * We know those of Node 26.10: a write that ends at once makes no object.
 */
export const streamHandles: StreamWrap | undefined = findStreamWrap();

function findStreamWrap(): StreamWrap | undefined {
  const { binding } = process as unknown as { binding?: (name: string) => object };
  try {
    const found = binding?.("stream_wrap") as StreamWrap & { WriteWrap: new () => object };
    // It arrived together with writes that need no request object of the caller's, which crash an
    // older Node.
    return "writeStatus" in new found.WriteWrap() ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Takes the handle out of a socket, which is then an empty shell. undefined: it has none. */
export function takeHandle(socket: Socket): StreamHandle | undefined {
  const inner = socket as unknown as { _handle: StreamHandle | null };
  const handle = inner._handle ?? undefined;
  inner._handle = null;
  return handle;
}

type ListenHandle = { onconnection: (status: number, accepted: StreamHandle) => void };

/**
 * Makes a listening server pass what it accepts to `onAccepted`, instead of making a net.Socket.
 * Errors go to the server as before.
 */
export function acceptHandles(server: Server, onAccepted: (handle: StreamHandle) => void): void {
  const { _handle: listening } = server as unknown as { _handle: ListenHandle | null };
  if (streamHandles === undefined || listening === null) return;
  const { onconnection } = listening;
  listening.onconnection = (status, accepted) => {
    if (status !== 0) return onconnection.call(listening, status, accepted);
    accepted.setNoDelay?.(true);
    return onAccepted(accepted);
  };
}
