/** Why something is decided so. */
export type Why = {
  /** Stable, for programs: one of docs/rollouts.md. */
  readonly rule: string;
  /** In words, with the numbers. */
  readonly text: string;
};
