/** Rows of a table, and the promises that they show broken. */
export type Rows = {
  readonly rows: readonly (readonly string[])[];
  readonly failures: readonly string[];
};

/** A table of figures. Its parts need nothing of each other, so several can be made at once. */
export type Table = {
  readonly title: (rollouts: number) => string;
  readonly head: readonly string[];
  /** In the order of their rows. Each plays so many rollouts for each of its rows. */
  readonly parts: readonly ((rollouts: number) => Rows)[];
};
