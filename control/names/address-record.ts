/** 4: A records, 6: AAAA records. */
export type Family = 4 | 6;

/** What DNS said about a name's addresses of one family. */
export type Answer =
  | { readonly kind: "addresses"; readonly addresses: readonly string[]; readonly ttlMs: number }
  /** It says that there are none. `reason`: for people. */
  | { readonly kind: "none"; readonly reason: string }
  /** It did not say: it was silent, or had no answer itself. */
  | { readonly kind: "failed"; readonly reason: string };

/**
 * Shortest time between questions, for a TTL below it: DNS is asked in the background, never per
 * request.
 */
export const TTL_MIN_MS = 1_000;

/**
 * Longest time between questions: even a record with a TTL of a day may change, and a question a
 * minute costs nothing.
 */
export const TTL_MAX_MS = 60_000;

/**
 * How long "there is none" holds. Node does not give the zone's own time; this is what a container
 * that has just been registered may wait.
 */
export const NEGATIVE_MS = 5_000;

/** When to ask again after DNS did not answer: its timeouts are over by then. */
export const FAILED_MS = 5_000;

/**
 * How often DNS must say "there is none" in a row, NEGATIVE_MS apart, before addresses are dropped:
 * a DNS server that has just started says so of all its names for a moment.
 */
const NONE_BEFORE_GONE = 2;

/** What is known of a name's addresses of one family: the last good answer, and how fresh it is. */
export class AddressRecord {
  #addresses: readonly string[] = [];
  #last: Answer | undefined;
  #noneInRow = 0;

  /** Empty: none is known. As DNS gave them. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** undefined: nobody has answered yet, nor failed to. */
  get last(): Answer | undefined {
    return this.#last;
  }

  /** Takes an answer. One that failed, or a first "none", leaves the addresses as they are. */
  add(answer: Answer): void {
    this.#last = answer;
    this.#noneInRow = answer.kind === "none" ? this.#noneInRow + 1 : 0;
    if (answer.kind === "addresses") this.#addresses = answer.addresses;
    if (this.#noneInRow >= NONE_BEFORE_GONE) this.#addresses = [];
  }

  /** How long the last answer holds. 0: there was none. */
  holdsMs(): number {
    switch (this.#last?.kind) {
      case undefined:
        return 0;
      case "addresses":
        return Math.min(TTL_MAX_MS, Math.max(TTL_MIN_MS, this.#last.ttlMs));
      case "none":
        return NEGATIVE_MS;
      case "failed":
        return FAILED_MS;
    }
  }
}
