/** What a version can live beside. */
export type Compatibility = {
  /** Formats of state that it reads. */
  readonly reads: readonly number[];
  /** The format that it writes. undefined: none, or nobody says. */
  readonly writes: number | undefined;
  /** By service: `>=3` or `3.1`, compared with the number in the names of its versions. */
  readonly requires: Readonly<Record<string, string>>;
};
