/** Where what requests are told apart by is read from. */
export type KeySource =
  | { readonly kind: "cookie" | "header" | "query"; readonly name: string }
  | { readonly kind: "clientIp" };

/** How many requests of one key are taken, each worker counting for itself. */
export type RateLimitSnapshot = {
  /** At least 1: as many may come at once. */
  readonly requests: number;
  /** The time in which all of them come back, evenly, in whole seconds. */
  readonly perS: number;
  /** undefined: all requests have one key. */
  readonly by: KeySource | undefined;
  /** Most keys that are remembered; beyond, whoever has not come for longest is forgotten. */
  readonly keysMax: number;
};
