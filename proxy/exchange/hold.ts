import { Timer } from "../base/timer-wheel.ts";
import type { Expiring, TimerWheel } from "../base/timer-wheel.ts";
import type { Rank } from "../table/priority.ts";
import type { LiveService } from "../upstream/live-service.ts";
import type { TurnUser } from "../upstream/turn-line.ts";
import { enters } from "../upstream/version-pool.ts";
import type { VersionPool } from "../upstream/version-pool.ts";

/** Whose request it keeps. */
export interface Held {
  /** Nothing holds it back any more. */
  onRelease(): void;
  /** It has waited for as long as it may, for its turn or for a connection. */
  onWaitedOut(): void;
}

/** Where it would go. */
export type HeldAt = {
  readonly live: { readonly table: Pick<LiveService["table"], "shares"> } | undefined;
  readonly pool: VersionPool | undefined;
  readonly rank: Rank;
  /** How long it waits on purpose, in ms. 0: not at all. */
  readonly holdMs: number;
  /** Up to how many bytes of it wait until all of it is there. 0: none do. */
  readonly bufferBytes: number;
  /** The version has as many under way as it may have; its turn has not come. */
  isQueued: boolean;
  /** How long that took, in ms. */
  waitedMs: number;
};

/** Whether there is a reason to keep a request there; most have none, and cost nothing here. */
export function mayBeHeld({ bufferBytes, holdMs, isQueued }: HeldAt): boolean {
  return bufferBytes > 0 || holdMs > 0 || isQueued;
}

/** Whether its turn has come while something else was waited for: then it is counted. */
function getsTurn({ live, pool, rank }: HeldAt): boolean {
  return live !== undefined && pool !== undefined && enters(pool, live.table.shares[rank]);
}

/** A request that may be kept until all of it is there: see RequestForwarder. */
type Collected = { collects(bytesMax: number, onCollected: () => void): boolean };

/** An attempt that may have to wait for a connection. */
type InLine = {
  readonly inLine: boolean;
  /** How long it may, in ms. 0: as long as for an answer. */
  readonly pendingTimeoutMs: number;
};

/** Keeps a request from its first attempt for a while. One for each exchange, reused. */
export class Hold implements Expiring, TurnUser {
  readonly #wheel: TimerWheel;
  readonly #held: Held;
  #timer: Timer | undefined;
  #at: HeldAt | undefined;
  sinceMs = 0;
  #line: InLine | undefined;

  constructor(wheel: TimerWheel, held: Held) {
    this.#wheel = wheel;
    this.#held = held;
  }

  get rank(): Rank {
    return this.#at?.rank ?? 1;
  }

  /** Begins one where there may be a reason: see mayBeHeld(). false: there is none after all. */
  begins(at: HeldAt, request: Collected): boolean {
    const collects = at.bufferBytes > 0 && request.collects(at.bufferBytes, this.#onCollected);
    if (!collects && at.holdMs === 0 && !at.isQueued) return false;
    this.#at = at;
    if (!collects) this.#begin(at);
    return true;
  }

  /** What was waited for is there. */
  readonly #onCollected = (): void => {
    const at = this.#at;
    if (at === undefined) return;
    if (at.isQueued) at.isQueued = !getsTurn(at);
    if (at.holdMs > 0 || at.isQueued) this.#begin(at);
    else this.#held.onRelease();
  };

  #begin(at: HeldAt): void {
    if (at.isQueued) this.#queue(at);
    else this.#arm(at.holdMs);
  }

  /** From now on it waits for a connection. */
  waits(line: InLine): void {
    this.#line = line;
    if (line.pendingTimeoutMs > 0) this.#arm(line.pendingTimeoutMs);
  }

  /** It waits for its turn or for a connection, and not for an answer. */
  get isWaiting(): boolean {
    return this.#at?.isQueued === true || this.#line?.inLine === true;
  }

  /** It is over, and nobody is told. */
  end(): void {
    this.#timer?.disarm();
    if (this.#at?.isQueued === true) this.#at.pool?.turns.leave(this);
    this.#at = undefined;
    this.#line = undefined;
  }

  onTurn(): void {
    const at = this.#at;
    if (at === undefined) return;
    at.isQueued = false;
    at.waitedMs = this.#wheel.readMs() - this.sinceMs;
    this.#timer?.disarm();
    // What it waits on purpose begins where its turn does.
    if (at.holdMs > 0) this.#arm(at.holdMs);
    else this.#held.onRelease();
  }

  onShed(): void {
    this.#held.onWaitedOut();
  }

  onDeadline(): void {
    if (this.isWaiting) this.#held.onWaitedOut();
    // Otherwise it has got its connection, and nobody has told.
    else if (this.#line === undefined) this.#held.onRelease();
  }

  #queue({ pool }: HeldAt): void {
    this.sinceMs = this.#wheel.readMs();
    const { pending = 0, pendingTimeoutMs = 0 } = pool?.policy.limits ?? {};
    const joins = pool?.turns.join(this, pending, pendingTimeoutMs) === true;
    if (joins) this.#arm(pendingTimeoutMs);
    else this.#held.onWaitedOut();
  }

  #arm(forMs: number): void {
    this.#timer ??= new Timer(this);
    this.#wheel.arm(this.#timer, forMs);
  }
}
