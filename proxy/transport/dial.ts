import { Socket, connect } from "node:net";
import { takeHandle } from "./stream-handles.ts";
import type { StreamHandle } from "./stream-handles.ts";
import { refuseName } from "./no-names.ts";
import type { ConnectTarget } from "./transport.ts";

/**
 * A Unix socket whose queue is full says EAGAIN at once, where TCP would wait: so we wait, at first
 * this long, then twice as long each time up to the maximum, at which even a thousand that wait
 * cost next to nothing.
 */
const QUEUE_PAUSE_MS = 5;
const QUEUE_PAUSE_MS_MAX = 100;

/** Hears how the dial ends: by exactly one of the two calls, and not before the dial exists. */
export interface DialOwner {
  /** The connection is established, and its stream belongs to the owner. */
  onDialled(handle: StreamHandle): void;
  /**
   * There is no connection. `error`: if the dial was cancelled, EAGAIN if the peer's queue was full
   * so far, otherwise undefined.
   */
  onDialFailed(error: Error | undefined): void;
}

/**
 * Connects through a net.Socket and gives its stream away. Tries again while the queue of a Unix
 * socket is full, until it is cancelled.
 */
export class Dial {
  readonly #target: ConnectTarget;
  readonly #owner: DialOwner;
  #socket: Socket;
  #error: NodeJS.ErrnoException | undefined;
  #isCancelled = false;
  /** undefined: it does not pause. */
  #pause: NodeJS.Timeout | undefined;
  #pauseMs = QUEUE_PAUSE_MS;

  constructor(target: ConnectTarget, owner: DialOwner) {
    this.#target = target;
    this.#owner = owner;
    this.#socket = this.#connect();
  }

  /** Gives up. */
  cancel(): void {
    this.#isCancelled = true;
    if (this.#pause === undefined) this.#socket.destroy();
    else process.nextTick(() => this.#closed());
    clearTimeout(this.#pause);
  }

  #connect(): Socket {
    // It must not read by itself.
    const socket = connectSocket(this.#target).pause();
    socket.on("connect", () => this.#owner.onDialled(takeHandle(socket) as StreamHandle));
    socket.on("error", (error) => {
      this.#error = error;
    });
    // A socket whose stream was taken is an empty shell and never closes.
    socket.on("close", () => this.#closed());
    return socket;
  }

  #closed(): void {
    if (this.#isCancelled || this.#error?.code !== "EAGAIN") {
      return this.#owner.onDialFailed(this.#error);
    }
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#socket = this.#connect();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, QUEUE_PAUSE_MS_MAX);
    return undefined;
  }
}

/**
 * A socket that connects, and says the target's preface before any other listener hears of that.
 * What Node refuses by throwing is told as any other error.
 */
export function connectSocket({ preface, ...target }: ConnectTarget): Socket {
  try {
    const options = { lookup: refuseName, allowHalfOpen: true, noDelay: true };
    const socket = connect({ ...target, ...options });
    // Node keeps it until the connection stands.
    if (preface !== undefined) socket.write(preface, "latin1");
    return socket;
  } catch (error) {
    return new Socket().destroy(error as Error);
  }
}
