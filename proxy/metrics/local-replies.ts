/** Counts of one service, by the type of error in Proxy-Status. */
export type LocalReplyStats = {
  /** "": the request was for none that we know. */
  readonly service: string;
  readonly errors: Readonly<Record<string, number>>;
};

/** Counts the errors that we answer ourselves: no version has a part in them. */
export class LocalReplies {
  readonly #byService = new Map<string, Map<string, number>>();

  /** One more. `service`: of the table, or "" if there is none. `error`: a word of the code. */
  add(service: string, error: string): void {
    const errors = this.#byService.get(service) ?? new Map<string, number>();
    errors.set(error, (errors.get(error) ?? 0) + 1);
    this.#byService.set(service, errors);
  }

  /** Counts so far. */
  stats(): LocalReplyStats[] {
    return [...this.#byService].map(([service, errors]) => {
      return { service, errors: Object.fromEntries(errors) };
    });
  }
}
