import { connect } from "node:net";
import type { Socket } from "node:net";
import { takeHandle } from "./stream-handles.ts";
import type { StreamHandle } from "./stream-handles.ts";
import { refuseName } from "./no-names.ts";
import type { ConnectTarget } from "./transport.ts";

/** Hears how the dial ends: by exactly one of the two calls, and not before the dial exists. */
export interface DialOwner {
  /** The connection is established, and its stream belongs to the owner. */
  onDialled(handle: StreamHandle): void;
  /** There is no connection. `error`: undefined if the dial was cancelled. */
  onDialFailed(error: Error | undefined): void;
}

/** Connects through a net.Socket and gives its stream away. */
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
    // A socket whose stream was taken is an empty shell and never closes.
    socket.on("close", () => owner.onDialFailed(error));
    this.#socket = socket;
  }

  /** Gives up. */
  cancel(): void {
    this.#socket.destroy();
  }
}
