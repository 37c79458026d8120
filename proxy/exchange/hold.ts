import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";

/** Keeps a request from its first attempt for a while. One for each exchange, reused. */
export class Hold implements Expiring {
  readonly #wheel: TimerWheel;
  readonly #goOn: () => void;
  #timer: Timer | undefined;

  /** `goOn`: it is over. */
  constructor(wheel: TimerWheel, goOn: () => void) {
    this.#wheel = wheel;
    this.#goOn = goOn;
  }

  /** Begins one of this length. false: that is 0, and there is none. */
  begins(forMs: number): boolean {
    if (forMs === 0) return false;
    this.#timer ??= new Timer(this);
    this.#wheel.arm(this.#timer, forMs);
    return true;
  }

  /** It is over, and nobody is told. */
  end(): void {
    this.#timer?.disarm();
  }

  onDeadline(): void {
    this.#goOn();
  }
}
