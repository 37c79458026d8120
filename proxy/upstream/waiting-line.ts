import type { UpstreamUser } from "./upstream-connection.ts";

/** A user whose turn has not come. */
export type WaitingUser = { readonly user: UpstreamUser; readonly connectTimeoutMs: number };

/**
 * The users that wait for a connection of one version, in the order in which they came; then, until
 * it is ready, with what is promised to them. They do not know that yet, so a user that leaves must
 * be looked up.
 */
export class WaitingLine<Promised> {
  readonly #waiting: WaitingUser[] = [];
  readonly #promised = new Map<UpstreamUser, Promised>();

  /** Whether anybody's turn has not come. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** How many wait for their turn. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Puts a user at the end. false: `usersMax` wait already. */
  join(waiting: WaitingUser, usersMax: number): boolean {
    if (this.#waiting.length >= usersMax) return false;
    this.#waiting.push(waiting);
    return true;
  }

  /** What was promised to these will not come. They have been let in already. */
  rejoin(users: readonly UpstreamUser[], connectTimeoutMs: number): void {
    for (const user of users) {
      this.#promised.delete(user);
      this.#waiting.push({ user, connectTimeoutMs });
    }
  }

  /** Removes the user whose turn it is. undefined: nobody waits. */
  next(): WaitingUser | undefined {
    return this.#waiting.length === 0 ? undefined : this.#waiting.shift();
  }

  /** Its turn came, and it gets this when that is ready. */
  promised(user: UpstreamUser, promised: Promised): void {
    this.#promised.set(user, promised);
  }

  /** The user has been told of its connection, or that there is none. */
  settled(user: UpstreamUser): void {
    // Every exchange comes here, and hardly any has waited.
    if (this.#promised.size > 0) this.#promised.delete(user);
  }

  /** The user no longer wants a connection. Returns what would have been its own. */
  leave(user: UpstreamUser): Promised | undefined {
    const index = this.#waiting.findIndex((waiting) => waiting.user === user);
    if (index >= 0) this.#waiting.splice(index, 1);
    const promised = this.#promised.get(user);
    this.#promised.delete(user);
    return promised;
  }
}
