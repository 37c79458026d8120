import { acceptTransport } from "../transport/open-transport.ts";
import type { Accepted } from "../transport/open-transport.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { Transport, TransportHandler } from "../transport/transport.ts";
import { LINGER_BYTES_MAX, LINGER_MS } from "./linger.ts";

/** Turned away at once and not yet gone: above it they are cut, answer or not. */
const TURNED_AWAY_MAX = 256;

type TurnAwayParts = { readonly wheel: TimerWheel; readonly buffers: ReadBuffers };

/** Answers connections that are one too many, and sees to it that they go. */
export class TurnAway {
  readonly #deps: TurnAwayParts;
  #open = 0;

  constructor(deps: TurnAwayParts) {
    this.#deps = deps;
  }

  /** Sends `response` to an accepted connection and closes it. */
  take(accepted: Accepted, response: string): void {
    this.#open += 1;
    const onGone = (): void => {
      this.#open -= 1;
    };
    const going = new Going(accepted, this.#deps, onGone);
    if (this.#open > TURNED_AWAY_MAX) going.cut();
    else going.end(response);
  }
}

/** One such connection: what it sends is read, as from any client after its last answer. */
class Going implements TransportHandler, Expiring {
  readonly #timer = new Timer(this);
  readonly #transport: Transport;
  readonly #wheel: TimerWheel;
  readonly #onGone: () => void;
  #bytes = 0;

  constructor(accepted: Accepted, deps: TurnAwayParts, onGone: () => void) {
    this.#wheel = deps.wheel;
    this.#onGone = onGone;
    this.#transport = acceptTransport(accepted, deps.buffers, this);
  }

  end(response: string): void {
    this.#wheel.arm(this.#timer, LINGER_MS);
    this.#transport.write(response);
    this.#transport.end();
  }

  cut(): void {
    this.#transport.destroy();
  }

  onConnect(): void {
    // It stands from the beginning.
  }

  onData(_bytes: Buffer, end: number): void {
    this.#bytes += end;
    if (this.#bytes > LINGER_BYTES_MAX) this.cut();
  }

  onEnd(): void {
    // Our own end is under way.
  }

  onFlushed(): void {
    // Nothing follows.
  }

  onClose(): void {
    this.#timer.close();
    this.#onGone();
  }

  onDeadline(): void {
    this.cut();
  }
}
