import type { Clock } from "./clock.ts";

/** Length of a tick. Every timeout of the data plane is late by up to this. */
export const TICK_MS = 100;
/** Slots of the wheel: deadlines more than 51.2 s away are looked at once per turn. */
const SLOT_COUNT = 512;

/** Something with a deadline. */
export interface Expiring {
  /** The deadline has passed. May arm the timer again. */
  onDeadline(nowMs: number): void;
}

/** One deadline of one owner. Only the wheel writes to it. */
export class Timer {
  owner: Expiring | undefined;
  /** Monotonic milliseconds; Infinity: none. */
  deadlineMs = Infinity;
  /** The tick at whose slot it waits. 0: in no slot. */
  scheduledTick = 0;

  constructor(owner: Expiring) {
    this.owner = owner;
  }

  disarm(): void {
    this.deadlineMs = Infinity;
  }

  /**
   * Never fires again, and releases its owner although the wheel still holds the timer for a while.
   */
  close(): void {
    this.deadlineMs = Infinity;
    this.owner = undefined;
  }
}

/**
 * One coarse timer for all connections of a worker. Moving a deadline back and forth costs an
 * assignment: a timer stays in its slot and is put further on when its slot comes up early.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: Timer[][] = Array.from({ length: SLOT_COUNT }, () => []);
  readonly #interval: NodeJS.Timeout;
  #tick: number;
  /** The time of the last tick: a clock that costs nothing and runs up to TICK_MS behind. */
  nowMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.nowMs = clock.nowMs();
    this.#tick = Math.floor(this.nowMs / TICK_MS);
    this.#interval = setInterval(() => this.#advance(), TICK_MS);
    this.#interval.unref();
  }

  /** The time now, which costs a call; in monotonic milliseconds. */
  readMs(): number {
    return this.#clock.nowMs();
  }

  /** Sets the timer's deadline `afterMs` from now; Infinity disarms. */
  arm(timer: Timer, afterMs: number): void {
    this.armAt(timer, this.nowMs + afterMs);
  }

  /** Sets the timer's deadline to a point in monotonic time. */
  armAt(timer: Timer, deadlineMs: number): void {
    timer.deadlineMs = deadlineMs;
    if (deadlineMs === Infinity) return;
    const tick = Math.max(this.#tick + 1, Math.ceil(deadlineMs / TICK_MS));
    if (timer.scheduledTick !== 0 && timer.scheduledTick <= tick) return;
    this.#put(timer, tick);
  }

  /** Stops the wheel; nothing fires any more. */
  close(): void {
    clearInterval(this.#interval);
  }

  #put(timer: Timer, tick: number): void {
    const nearest = Math.min(tick, this.#tick + SLOT_COUNT - 1);
    timer.scheduledTick = nearest;
    (this.#slots[nearest % SLOT_COUNT] as Timer[]).push(timer);
  }

  #advance(): void {
    this.nowMs = this.#clock.nowMs();
    const target = Math.floor(this.nowMs / TICK_MS);
    // After a long stop (SIGSTOP, a sleeping laptop) one turn of the wheel visits every slot.
    this.#tick = Math.max(this.#tick, target - SLOT_COUNT);
    while (this.#tick < target) {
      this.#tick += 1;
      this.#visit(this.#tick % SLOT_COUNT);
    }
  }

  #visit(slot: number): void {
    const timers = this.#slots[slot] as Timer[];
    if (timers.length === 0) return;
    this.#slots[slot] = [];
    for (const timer of timers) {
      // Moved to an earlier slot and already seen, or moved again: this is a stale trace of it.
      if (timer.scheduledTick === 0 || timer.scheduledTick > this.#tick) continue;
      timer.scheduledTick = 0;
      if (timer.deadlineMs === Infinity) continue;
      if (timer.deadlineMs > this.nowMs) {
        this.#put(timer, Math.ceil(timer.deadlineMs / TICK_MS));
        continue;
      }
      timer.deadlineMs = Infinity;
      timer.owner?.onDeadline(this.nowMs);
    }
  }
}
