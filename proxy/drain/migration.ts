import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { MigrationProgress, MigrationTerms } from "../messages/messages.ts";
import type { CloseCode } from "../tunnel/close-frame.ts";
import { countWork } from "./count-work.ts";
import type { OpenWork } from "./open-work.ts";
import { keepPace, Pace } from "./pace.ts";
import type { PacedWork } from "./pace.ts";

/** How often to look up what is left. Work that arrives in between waits that long. */
const SCAN_MS = 1_000;

/**
 * Tunnels that may wait for the end of a message at once, as a part of the rate. When the messages
 * of many end together, as in a broadcast, no more than these get their Close at one moment.
 */
const WAITING_SHARE = 0.05;

/** WebSocket handshakes so far. Only differences mean anything. */
export type Handshakes = { readonly upgrades: number; readonly upgradesFailed: number };

/** What a migration works on. */
export type MigrationDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly code: CloseCode;
  /** Everything under way that the migration may cover. */
  readonly work: () => Iterable<OpenWork>;
  readonly handshakes: () => Handshakes;
};

/**
 * Ends what stays where it should not, oldest first, at a rate: tunnels from the beginning, and
 * streams of gRPC as old as softMs; exchanges of that age too from softMs on, and everything at
 * once at hardMs. It ignores what began
 * after the migration did, which is there because somebody still sends it there.
 *
 * It watches how clients come back, and stops by itself when too many of them cannot.
 */
export class Migration implements PacedWork {
  readonly #deps: MigrationDeps;
  readonly #pace: Pace;
  readonly #stopped = new AbortController();
  readonly #beganMs: number;
  #terms: MigrationTerms;
  /** When `terms` were given. */
  #givenMs: number;
  /** The handshakes before this attempt. */
  #before: Handshakes;
  #queue: OpenWork[] = [];
  #scanMs = -Infinity;
  /** Work that was asked to end and is still there. */
  #closing: OpenWork[] = [];
  #closed = 0;
  #stoppedItself = false;

  /** Begins at once. */
  constructor(terms: MigrationTerms, deps: MigrationDeps) {
    const nowMs = deps.clock.nowMs();
    this.#deps = deps;
    this.#terms = terms;
    this.#givenMs = nowMs;
    this.#beganMs = nowMs - terms.ageMs;
    this.#before = deps.handshakes();
    this.#pace = new Pace(terms.perSecond, terms.jitter, deps.random, nowMs);
    void keepPace(this, this.#pace, deps.clock, this.#stopped.signal);
  }

  /** Continues on other terms. */
  follow(terms: MigrationTerms): void {
    const nowMs = this.#deps.clock.nowMs();
    if (terms.attempt > this.#terms.attempt) {
      this.#before = this.#deps.handshakes();
      this.#stoppedItself = false;
    }
    this.#terms = terms;
    this.#givenMs = nowMs;
    this.#pace.setRate(terms.perSecond, nowMs);
  }

  /** Where it stands now. */
  progress(): MigrationProgress {
    const nowMs = this.#deps.clock.nowMs();
    this.#prune();
    const { upgrades, upgradesFailed } = this.#deps.handshakes();
    return {
      left: countWork(this.#left(), nowMs),
      closing: this.#closing.length,
      closed: this.#closed,
      reconnects: upgrades - this.#before.upgrades,
      reconnectsFailed: upgradesFailed - this.#before.upgradesFailed,
      stopped: this.#stoppedItself,
    };
  }

  /** Ends it. What it has not asked to end stays. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Whether nothing is left of what it has asked to end. */
  get settled(): boolean {
    this.#prune();
    return this.#closing.length === 0;
  }

  tick(nowMs: number): void {
    this.#prune();
    this.#watch();
    if (!this.#runs) return;
    const activeMs = this.#terms.activeMs + nowMs - this.#givenMs;
    if (activeMs >= this.#terms.hardMs) this.#cutAll();
    else if (nowMs >= this.#scanMs + SCAN_MS) this.#scan(nowMs, activeMs);
  }

  turn(): boolean {
    const work = this.#runs ? this.#next() : undefined;
    if (work === undefined) return false;
    this.#closed += 1;
    work.close(this.#deps.code);
    if (!work.gone) this.#closing.push(work);
    return true;
  }

  get #runs(): boolean {
    return !this.#terms.paused && !this.#stoppedItself;
  }

  /** The oldest that may be asked now. */
  #next(): OpenWork | undefined {
    this.#watch();
    if (!this.#runs) return undefined;
    const waiting = this.#closing.filter((work) => !work.isBetweenMessages && !work.gone).length;
    const mayWait = waiting < Math.max(1, this.#terms.perSecond * WAITING_SHARE);
    for (let at = 0; at < this.#queue.length; at += 1) {
      const work = this.#queue[at] as OpenWork;
      const isOver = work.gone || work.closing;
      if (!isOver && !mayWait && !work.isBetweenMessages) continue;
      this.#queue.splice(at, 1);
      if (!isOver) return work;
      at -= 1;
    }
    return undefined;
  }

  #scan(nowMs: number, activeMs: number): void {
    const isDue = (work: OpenWork): boolean => !work.closing && this.#isLong(work, nowMs, activeMs);
    this.#scanMs = nowMs;
    this.#queue = this.#left()
      .filter(isDue)
      .toSorted((one, other) => one.sinceMs - other.sinceMs);
  }

  /** Most exchanges end by themselves: only long ones are asked to end. */
  #isLong({ kind, lasts, sinceMs }: OpenWork, nowMs: number, activeMs: number): boolean {
    if (kind === "tunnel") return true;
    const ageMs = nowMs - sinceMs;
    return (lasts === true ? ageMs : Math.min(activeMs, ageMs)) >= this.#terms.softMs;
  }

  #left(): OpenWork[] {
    return [...this.#deps.work()].filter(({ sinceMs }) => sinceMs <= this.#beganMs);
  }

  #prune(): void {
    this.#closing = this.#closing.filter((work) => !work.gone);
  }

  #watch(): void {
    const { failedPercentMax, reconnectsMin } = this.#terms;
    const { upgrades, upgradesFailed } = this.#deps.handshakes();
    const reconnects = upgrades - this.#before.upgrades;
    const failed = upgradesFailed - this.#before.upgradesFailed;
    if (reconnects < reconnectsMin) return;
    if (failed * 100 > failedPercentMax * reconnects) this.#stoppedItself = true;
  }

  #cutAll(): void {
    const untouched = this.#left().filter(({ closing }) => !closing);
    this.#closed += untouched.length;
    for (const work of [...untouched, ...this.#closing]) work.cut(this.#deps.code);
    this.#queue = [];
  }
}
