/** The last digits, which most ids in a row differ by: a number need not be made text for each. */
const LAST = "0123456789abcdef".split("");

/** Ids for requests that arrive without one: unique, not secret. */
export class RequestIds {
  readonly #prefix: string;
  #count = 0;
  /** What the next ids begin with. */
  #beginning: string;

  /** `prefix`: makes the ids of this worker differ from everybody else's. */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#beginning = prefix;
  }

  /** An X-Request-Id that nobody else has. */
  next(): string {
    this.#count += 1;
    const last = this.#count % LAST.length;
    if (last === 0) this.#beginning = `${this.#prefix}${(this.#count / LAST.length).toString(16)}`;
    return `${this.#beginning}${LAST[last]}`;
  }
}
