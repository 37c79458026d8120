import { connect } from "node:net";
import type { Socket } from "node:net";
import { takeHandle } from "./stream-handles.ts";
import type { StreamHandle } from "./stream-handles.ts";
import { refuseName } from "./no-names.ts";
import type { ConnectTarget } from "./transport.ts";

/** Who is told how it ends: by exactly one of the two, and not before the dial is made. */
export interface DialOwner {
  /** The connection stands, and its stream is the owner's. */
  onDialled(handle: StreamHandle): void;
  /** There is none. `error`: undefined when the dial was cancelled. */
  onDialFailed(error: Error | undefined): void;
}

/** Makes a connection by way of a net.Socket, which knows names, and gives its stream away. */
export class Dial {
  readonly #socket: Socket;

  constructor(target: ConnectTarget, owner: DialOwner) {
    let error: Error | undefined;
    // It must not read by itself.
    const socket = connect({
      ...target,
      lookup: refuseName,
      allowHalfOpen: true,
      noDelay: true,
    }).pause();
    socket.on("connect", () => owner.onDialled(takeHandle(socket) as StreamHandle));
    socket.on("error", (reason) => {
      error = reason;
    });
    // One whose stream was taken is an empty shell, and never closes.
    socket.on("close", () => owner.onDialFailed(error));
    this.#socket = socket;
  }

  /** Gives up. */
  cancel(): void {
    this.#socket.destroy();
  }
}
