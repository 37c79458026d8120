import type { Clock } from "./clock.ts";

/** Length of a tick. Every timeout of the data plane is late by up to this. */
export const TICK_MS = 100;
/** Slots of the wheel: deadlines more than 51.2 s away are looked at once per turn. */
const SLOT_COUNT = 512;

/** A tick that is late by this much: the loop has stood still, as where it is busy or begins. */
const STALL_MS = TICK_MS;

/**
 * So often the loop then reads before deadlines count: first that a connection stands, then what
 * its peer has said on it, and once more for those that came behind a full queue.
 */
const READS_FIRST = 3;

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

/** Calls back when the loop has read `reads` times what the kernel has for it. */
export type AfterReads = (reads: number, then: () => void) => void;

const afterReads: AfterReads = (reads, then) => {
  setImmediate(() => (reads > 1 ? afterReads(reads - 1, then) : then()));
};

/**
 * One coarse timer for all connections of a worker. Moving a deadline back and forth costs an
 * assignment: a timer stays in its slot and is put further on when its slot comes up early.
 *
 * Where the loop has stood still, timers would come before all that has come in the meantime, and
 * who has answered in time would be too late. Then what has come is read first.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #afterReads: AfterReads;
  readonly #slots: Timer[][] = Array.from({ length: SLOT_COUNT }, () => []);
  readonly #interval: NodeJS.Timeout;
  #tick: number;
  #isReading = false;
  /** The time of the last tick: a clock that costs nothing and runs up to TICK_MS behind. */
  nowMs: number;

  constructor(clock: Clock, after: AfterReads = afterReads) {
    this.#clock = clock;
    this.#afterReads = after;
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

  /** As arm(), by the time that it really is: for what is rare, and may begin in a long turn. */
  armFromNow(timer: Timer, afterMs: number): void {
    this.armAt(timer, this.readMs() + afterMs);
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
    const { nowMs } = this;
    this.nowMs = this.#clock.nowMs();
    if (this.#isReading) return;
    if (this.nowMs - nowMs < TICK_MS + STALL_MS) return this.#expire();
    this.#isReading = true;
    this.#afterReads(READS_FIRST, () => {
      this.#isReading = false;
      this.#expire();
    });
  }

  #expire(): void {
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
