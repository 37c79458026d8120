import type { Rank } from "../table/priority.ts";

/** Whoever waits for its turn at a version. */
export interface TurnUser {
  /** See RANKS. */
  readonly rank: Rank;
  /** It is counted as under way from now on. */
  onTurn(): void;
  /** It waits no longer: another one matters more. */
  onShed(): void;
}

/**
 * The exchanges that wait because a version has as many under way as it may have: those that matter
 * most first, and of equal ones who came first.
 */
export class TurnLine {
  /** By rank. */
  readonly #lines: readonly [TurnUser[], TurnUser[], TurnUser[]] = [[], [], []];

  /** How many wait. */
  get size(): number {
    const [high, normal, low] = this.#lines;
    return high.length + normal.length + low.length;
  }

  /**
   * Whether one more of this rank may wait, of at most `most`: it takes the place of the last one
   * of a lower rank, if need be.
   */
  makesRoom(rank: Rank, most: number): boolean {
    return this.size < most || this.#shedBelow(rank);
  }

  /** Puts it into the line. false: no room was made, of at most `most`. */
  join(user: TurnUser, most: number): boolean {
    if (this.size >= most && !this.#shedBelow(user.rank)) return false;
    this.#lines[user.rank].push(user);
    return true;
  }

  /** It waits no longer, if it did. */
  leave(user: TurnUser): void {
    const line = this.#lines[user.rank];
    const at = line.indexOf(user);
    if (at >= 0) line.splice(at, 1);
  }

  /** Whose turn it is, while there is `room` for one of that rank; it has left the line. */
  next(hasRoom: (rank: Rank) => boolean): TurnUser | undefined {
    for (const line of this.#lines) {
      const [first] = line;
      if (first !== undefined) return hasRoom(first.rank) ? line.shift() : undefined;
    }
    return undefined;
  }

  #shedBelow(rank: Rank): boolean {
    for (const line of this.#lines.toReversed()) {
      const last = line.at(-1);
      if (last === undefined) continue;
      if (last.rank <= rank) return false;
      line.pop();
      last.onShed();
      return true;
    }
    return false;
  }
}
