/** Counts of one service by words of the code. */
export type ServiceCountStats = {
  readonly service: string;
  /** The words are a fixed set: none comes from a client, a peer or a document. */
  readonly counts: Readonly<Record<string, number>>;
};

/** Counts what policies of services and their routes did. */
export class ServiceCounts {
  readonly #byService = new Map<string, Map<string, number>>();

  /** More of `word` at a service of the table. */
  add(service: string, word: string, times = 1): void {
    const counts = this.#byService.get(service) ?? new Map<string, number>();
    counts.set(word, (counts.get(word) ?? 0) + times);
    this.#byService.set(service, counts);
  }

  /** Counts so far. */
  stats(): ServiceCountStats[] {
    return [...this.#byService].map(([service, counts]) => {
      return { service, counts: Object.fromEntries(counts) };
    });
  }
}
