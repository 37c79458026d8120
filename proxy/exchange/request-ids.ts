/** Ids for requests that arrive without one: unique, not secret. */
export class RequestIds {
  readonly #prefix: string;
  #count = 0;

  /** `prefix`: makes the ids of this worker differ from everybody else's. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** An X-Request-Id that nobody else has. */
  next(): string {
    this.#count += 1;
    return `${this.#prefix}${this.#count}`;
  }
}
