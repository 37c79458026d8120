import type { Socket } from "node:net";
import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import { LINGER_BYTES_MAX, LINGER_MS } from "./linger.ts";

/** Turned away at once and not yet gone: above it they are cut, answer or not. */
const TURNED_AWAY_MAX = 256;

/** Answers connections that are one too many, and sees to it that they go. */
export class TurnAway {
  readonly #wheel: TimerWheel;
  #open = 0;

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  /** Sends `response` to an accepted connection, which is paused, and closes it. */
  take(socket: Socket, response: string): void {
    socket.on("error", () => undefined);
    if (this.#open >= TURNED_AWAY_MAX) {
      socket.destroy();
      return;
    }
    this.#open += 1;
    const going = new Going(socket);
    this.#wheel.arm(going.timer, LINGER_MS);
    socket.on("close", () => {
      this.#open -= 1;
      going.timer.close();
    });
    socket.end(response);
  }
}

/** One such connection: what it sends is read, as from any client after its last answer. */
class Going implements Expiring {
  readonly timer = new Timer(this);
  readonly #socket: Socket;
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#bytes += bytes.length;
      if (this.#bytes > LINGER_BYTES_MAX) socket.destroy();
    });
    socket.resume();
  }

  onDeadline(): void {
    this.#socket.destroy();
  }
}
