/** When hooks are asked: before a weight, before the canary gets everything; or told: the end. */
export const HOOK_POINTS = ["beforeStep", "beforePromotion", "afterEnd"] as const;

/** One of them. */
export type HookPoint = (typeof HOOK_POINTS)[number];

/** Names of hooks by when they are asked. */
export type HookNames = { readonly [Point in HookPoint]?: readonly string[] | undefined };

/** What a number that others measure may be. */
export type MetricLimit = {
  /** Of the configuration's `rollouts.metrics`. */
  readonly name: string;
  /** Both inclusive. undefined: no limit. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** How often it is read. */
  readonly everyMs: number;
  /** Readings in a row outside the limits that abort. */
  readonly failures: number;
};
