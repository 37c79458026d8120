import type { Rank } from "../table/priority.ts";

/** Those that matter most first. */
const RANKS: readonly Rank[] = [0, 1, 2];

/** Where too many come, one waits for this part of the time that it may at most. */
const OVERLOADED_SHARE = 1 / 10;

/** For how many times as long as one may wait at most an overload is remembered. */
const REMEMBERED_WAITS = 10;

/** Whoever waits for its turn at a version. */
export interface TurnUser {
  /** See PRIORITIES. */
  readonly rank: Rank;
  /** Since when it waits, in monotonic ms. */
  readonly sinceMs: number;
  /** It is counted as under way from now on. */
  onTurn(): void;
  /** It waits no longer: another one matters more, or it has waited for too long. */
  onShed(): void;
}

/**
 * Those of one rank. As long as the line is empty now and then it smooths bursts, and who came
 * first is served first. Where it has never been empty for as long as one may wait, everybody would
 * be served just before that is over, and no more of them than otherwise. So then the newest is
 * served first, and the others are told soon (adaptive LIFO and controlled delay: Maurer, Fail at
 * Scale, 2015). A gap in what comes empties the line of an overload too: for a while after one it
 * need not stand so long again (as CoDel remembers how it dropped last: RFC 8289 section 5.3).
 */
class RankLine {
  readonly #users: TurnUser[] = [];
  /** Since when somebody has been waiting. */
  #sinceMs = 0;
  /** When it last had stood for as long as one may wait. */
  #provenMs = -Infinity;
  #isOverloaded = false;

  get size(): number {
    return this.#users.length;
  }

  get isOverloaded(): boolean {
    return this.#isOverloaded;
  }

  /** `waitMs`: for how long one may wait. */
  join(user: TurnUser, waitMs: number): void {
    if (this.size === 0) this.#sinceMs = user.sinceMs;
    this.#users.push(user);
    const mayMs = waitMs * OVERLOADED_SHARE;
    this.#isOverloaded = this.#stands(user.sinceMs, waitMs, mayMs);
    if (!this.#isOverloaded) return;
    while (this.size > 1 && this.#oldestWaits(user.sinceMs) >= mayMs) this.shedOldest();
  }

  /** Whether somebody has been waiting for too long; after an overload `mayMs` is that already. */
  #stands(nowMs: number, waitMs: number, mayMs: number): boolean {
    const standsMs = nowMs - this.#sinceMs;
    if (standsMs >= waitMs) this.#provenMs = nowMs;
    const isRemembered = nowMs - this.#provenMs <= REMEMBERED_WAITS * waitMs;
    return standsMs >= (isRemembered ? mayMs : waitMs);
  }

  #oldestWaits(nowMs: number): number {
    return nowMs - (this.#users[0]?.sinceMs ?? nowMs);
  }

  leave(user: TurnUser): void {
    const at = this.#users.indexOf(user);
    if (at >= 0) this.#users.splice(at, 1);
  }

  next(): TurnUser | undefined {
    return this.#isOverloaded ? this.#users.pop() : this.#users.shift();
  }

  shedOldest(): void {
    this.#users.shift()?.onShed();
  }

  shedNewest(): void {
    this.#users.pop()?.onShed();
  }
}

/**
 * The exchanges that wait because a version has as many under way as it may have, those that matter
 * most first.
 */
export class TurnLine {
  /** By rank. */
  readonly #lines = [new RankLine(), new RankLine(), new RankLine()] as const;
  #isServing = false;

  /** How many wait. */
  get size(): number {
    const [high, normal, low] = this.#lines;
    return high.size + normal.size + low.size;
  }

  /**
   * Whether one more of this rank may wait, of at most `most`: it takes the place of the last one
   * of a lower rank, if need be, or of the first of its own that would not be served any more.
   */
  makesRoom(rank: Rank, most: number): boolean {
    return this.size < most || this.#shedFor(rank);
  }

  /** Puts it into the line for `waitMs` at most. false: no room was made, of at most `most`. */
  join(user: TurnUser, most: number, waitMs: number): boolean {
    if (!this.makesRoom(user.rank, most)) return false;
    this.#lines[user.rank].join(user, waitMs);
    return true;
  }

  /** It waits no longer, if it did. */
  leave(user: TurnUser): void {
    this.#lines[user.rank].leave(user);
  }

  /**
   * Tells all whose turn it is, as long as `enters` takes one of that rank. Who is done with it at
   * once gives its place to the next: asked again meanwhile it does nothing, as a long line would
   * otherwise be as deep a stack.
   */
  serve(enters: (rank: Rank) => boolean): void {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      for (let user = this.#next(enters); user !== undefined; user = this.#next(enters)) {
        user.onTurn();
      }
    } finally {
      this.#isServing = false;
    }
  }

  /** Who is taken next; it has left the line. */
  #next(enters: (rank: Rank) => boolean): TurnUser | undefined {
    const rank = RANKS.find((each) => this.#lines[each].size > 0);
    return rank !== undefined && enters(rank) ? this.#lines[rank].next() : undefined;
  }

  #shedFor(rank: Rank): boolean {
    const last = RANKS.findLast((each) => this.#lines[each].size > 0);
    if (last === undefined || last < rank) return false;
    if (last > rank) this.#lines[last].shedNewest();
    else if (this.#lines[last].isOverloaded) this.#lines[last].shedOldest();
    else return false;
    return true;
  }
}
