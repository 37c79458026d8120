/** A table of figures. */
export type Table = {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What was promised and is not so. */
  readonly failures: readonly string[];
};
