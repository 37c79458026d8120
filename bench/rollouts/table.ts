/** A table of figures. */
export type Table = {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Promises that were not kept. */
  readonly failures: readonly string[];
};
