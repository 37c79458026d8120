import type { Clock } from "../../proxy/base/clock.ts";
import { publicForm } from "./sluice-event.ts";
import type { SluiceEvent } from "./sluice-event.ts";

/** Events kept for subscribers that come back: some minutes of a busy sidecar, below a megabyte. */
export const EVENTS_KEPT_MAX = 1000;

/** Listeners at once. Each is one open response of the control API. */
export const SUBSCRIBERS_MAX = 64;

/** An event as clients see it: see publicForm(). All of it is JSON. */
export type ToldEvent = {
  /** Increases by 1 with each event of this process, from 1. */
  readonly id: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly kind: SluiceEvent["kind"];
  readonly [field: string]: unknown;
};

/** Recent events, and those who subscribe to them. */
export class Events {
  readonly #clock: Clock;
  readonly #kept: ToldEvent[] = [];
  readonly #listeners = new Set<(event: ToldEvent) => void>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The newest event's id. 0: none yet. */
  get lastId(): number {
    return this.#lastId;
  }

  /**
   * The oldest id that since() can still give, minus 1. Whoever asks for less has missed events.
   */
  get forgottenId(): number {
    return this.#lastId - this.#kept.length;
  }

  /** Records an event and tells every subscriber. */
  emit(event: SluiceEvent): ToldEvent {
    this.#lastId += 1;
    const time = new Date(this.#clock.wallMs()).toISOString();
    const { kind } = event;
    const told: ToldEvent = { ...publicForm(event), id: this.#lastId, time, kind };
    this.#kept.push(told);
    if (this.#kept.length > EVENTS_KEPT_MAX) this.#kept.shift();
    for (const listener of this.#listeners) tell(listener, told);
    return told;
  }

  /** Kept events with a greater id, oldest first. */
  since(id: number): readonly ToldEvent[] {
    return this.#kept.slice(Math.max(0, id - this.forgottenId));
  }

  /**
   * Calls `listener` with each event from now on, inside emit(), so it must be quick. Returns how
   * to unsubscribe. undefined: there are already SUBSCRIBERS_MAX.
   */
  subscribe(listener: (event: ToldEvent) => void): (() => void) | undefined {
    if (this.#listeners.size >= SUBSCRIBERS_MAX) return undefined;
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function tell(listener: (event: ToldEvent) => void, event: ToldEvent): void {
  try {
    listener(event);
  } catch {
    // One broken subscriber must not keep an event from the others, nor fail the write behind it.
  }
}
