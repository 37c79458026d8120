import {
  CONNECTION_WINDOW_BYTES,
  STREAM_WINDOW_BYTES,
  WIDE_WINDOW_BYTES,
  WIDENING_BYTES_MAX,
} from "./limits.ts";
import { ReceiveWindow } from "./receive-window.ts";
import type { ReceiveWindowState } from "./receive-window.ts";

/** Windows of a connection without streams, on their way to another process. */
export type ReceiveWindowsState = {
  readonly receiveWindow: ReceiveWindowState;
  /** What the peer may send on a new stream. Absent: a wide window, as an older worker has said. */
  readonly streamWindow?: number;
};

/** A stream, as far as this is concerned. */
export type ReceivingStream = { readonly received: ReceiveWindow; readonly receiveEnded: boolean };

/** What a peer may still send: on the connection, and how much on which of its streams. */
export class ReceiveWindows {
  readonly connection = new ReceiveWindow(CONNECTION_WINDOW_BYTES);
  #stream = STREAM_WINDOW_BYTES;
  #wideningLeft = WIDENING_BYTES_MAX;

  /** What it may send on a new stream, in bytes. */
  get stream(): number {
    return this.#stream;
  }

  /**
   * `bytes` of what came on this stream are used. Returns how many its peer is to be told of now;
   * 0: it is not worth a frame yet, or nothing more can come.
   */
  giveBack({ received, receiveEnded }: ReceivingStream, bytes: number): number {
    const told = received.giveBack(bytes);
    return told === 0 || receiveEnded ? 0 : told + this.#widen(received);
  }

  /** Its stream is over: another one may have a wide window in its place. */
  narrow(window: ReceiveWindow): void {
    this.#wideningLeft += window.size - this.#stream;
    window.reset(this.#stream);
  }

  /** For another process, when no stream is open. */
  toState(): ReceiveWindowsState {
    return { receiveWindow: this.connection.toState(), streamWindow: this.#stream };
  }

  /** Goes on with those of another process. What the connection lacks is to be given back. */
  restore({ receiveWindow, streamWindow = WIDE_WINDOW_BYTES }: ReceiveWindowsState): void {
    this.connection.restore(receiveWindow);
    this.#stream = streamWindow;
  }

  /** Part of it was used. Returns how many bytes it has more from now on. */
  #widen(window: ReceiveWindow): number {
    const by = WIDE_WINDOW_BYTES - window.size;
    if (by <= 0 || by > this.#wideningLeft) return 0;
    this.#wideningLeft -= by;
    window.widen(by);
    return by;
  }
}
