import type { Clock } from "../../proxy/base/clock.ts";

/** Events kept for subscribers that come back: some minutes of a busy sidecar, below a megabyte. */
export const EVENTS_KEPT_MAX = 1000;

/** Listeners at once. Each is one open response of the control API. */
export const SUBSCRIBERS_MAX = 64;

/** Something that happened, for people and scripts that watch. Never holds a secret. */
export type SluiceEvent = {
  /** Increases by 1 with each event of this process, from 1. */
  readonly id: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Lower case and stable, such as `revision` or `ejection`. */
  readonly kind: string;
  readonly [field: string]: unknown;
};

/** What happened lately, and who wants to know. */
export class Events {
  readonly #clock: Clock;
  readonly #kept: SluiceEvent[] = [];
  readonly #listeners = new Set<(event: SluiceEvent) => void>();
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

  /** Records an event and tells every subscriber. `fields` must be JSON. */
  emit(kind: string, fields: Readonly<Record<string, unknown>> = {}): SluiceEvent {
    this.#lastId += 1;
    const time = new Date(this.#clock.wallMs()).toISOString();
    const event: SluiceEvent = { ...fields, id: this.#lastId, time, kind };
    this.#kept.push(event);
    if (this.#kept.length > EVENTS_KEPT_MAX) this.#kept.shift();
    for (const listener of this.#listeners) tell(listener, event);
    return event;
  }

  /** Kept events with a greater id, oldest first. */
  since(id: number): readonly SluiceEvent[] {
    return this.#kept.slice(Math.max(0, id - this.forgottenId));
  }

  /**
   * Calls `listener` with each event from now on, inside emit(): it must be quick. Returns the way
   * out. undefined: SUBSCRIBERS_MAX are there already.
   */
  subscribe(listener: (event: SluiceEvent) => void): (() => void) | undefined {
    if (this.#listeners.size >= SUBSCRIBERS_MAX) return undefined;
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function tell(listener: (event: SluiceEvent) => void, event: SluiceEvent): void {
  try {
    listener(event);
  } catch {
    // One broken subscriber must not keep an event from the others, nor fail the write behind it.
  }
}
