/**
 * A contradiction between values that are each valid. `path` is relative to what was checked: a
 * service, or the whole configuration.
 */
export type CrossProblem = {
  readonly path: readonly (string | number)[];
  readonly wanted: string;
  readonly found: string;
};
