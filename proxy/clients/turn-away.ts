import type { TimerWheel } from "../base/timer-wheel.ts";
import { acceptTransport } from "../transport/open-transport.ts";
import type { Accepted } from "../transport/open-transport.ts";
import type { ReadBuffers } from "../transport/read-buffers.ts";
import { SILENT_HANDLER } from "../transport/silent-handler.ts";
import { Linger } from "./linger.ts";
import type { LingerCount } from "./linger.ts";

/**
 * Most connections that are being turned away at once: above this they are cut, answered or not.
 */
const TURNED_AWAY_MAX = 256;

/** What turning away takes. */
export type TurnAwayDeps = {
  readonly wheel: TimerWheel;
  readonly buffers: ReadBuffers;
  readonly connections: LingerCount;
};

/** Answers connections above the limit and makes sure that they close. */
export class TurnAway {
  readonly #deps: TurnAwayDeps;
  #open = 0;

  constructor(deps: TurnAwayDeps) {
    this.#deps = deps;
  }

  /**
   * Sends `response` to an accepted connection and closes it. `atOnce`: there is no descriptor to
   * spare for one that is read empty first.
   */
  take(accepted: Accepted, response: string, atOnce = false): void {
    const { buffers, wheel, connections: count } = this.#deps;
    const onGone = (): void => {
      this.#open -= 1;
    };
    this.#open += 1;
    const transport = acceptTransport(accepted, buffers, SILENT_HANDLER);
    const linger = new Linger({ transport, wheel, count, onGone });
    if (this.#open > TURNED_AWAY_MAX) return transport.destroy();
    transport.write(response);
    return atOnce ? transport.destroy() : linger.begin();
  }
}
