import { randomBytes } from "node:crypto";

/** A ticket key as OpenSSL takes it: 16 bytes name it, 16 authenticate, 16 encrypt. */
const KEY_BYTES = 48;

/**
 * How often there is a new key. Whoever learns a key can read TLS 1.2 sessions that were resumed
 * with its tickets, so keys should live as briefly as tickets allow.
 */
export const ROTATE_EVERY_MS = 6 * 3_600_000;

/** The key that seals and the one before it: a ticket can be opened for 6 to 12 hours. */
const KEYS_KEPT = 2;

/** Ticket keys as one primary hands them on to the next. Secret. */
export type TicketState = {
  /** Newest first, each in base64. */
  readonly keys: readonly string[];
  /** When the newest was made: milliseconds since the Unix epoch. */
  readonly madeMs: number;
};

/** The keys of session tickets, for all workers and for those that follow them. */
export class TicketRotation {
  #state: TicketState;

  /** `inherited`: from the primary whose place we take. undefined: a first key is made. */
  constructor(nowMs: number, inherited?: TicketState) {
    this.#state = inherited ?? { keys: [newKey()], madeMs: nowMs };
  }

  get state(): TicketState {
    return this.#state;
  }

  /** Makes a new key if it is time, or if the clock was set back. `nowMs`: wall clock. */
  rotate(nowMs: number): boolean {
    const { keys, madeMs } = this.#state;
    if (nowMs >= madeMs && nowMs < madeMs + ROTATE_EVERY_MS) return false;
    this.#state = { keys: [newKey(), ...keys].slice(0, KEYS_KEPT), madeMs: nowMs };
    return true;
  }
}

function newKey(): string {
  return randomBytes(KEY_BYTES).toString("base64");
}
