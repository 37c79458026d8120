/** What grows. */
export type Dimension = "services" | "routes" | "cookieRoutes" | "endpoints" | "idleConnections";

/** One line of the plots: a dimension, and the sizes at which it is measured. */
export type Series = {
  readonly dimension: Dimension;
  readonly title: string;
  /** Ascending. */
  readonly sizes: readonly number[];
  /** The size that the budget compares the largest one with. undefined: no promise. */
  readonly from: number | undefined;
  /**
   * Who is measured beside it: where every proxy has to pay for growth, ours may be as large as
   * theirs.
   */
  readonly rival?: "nginx";
  /**
   * The most processor time that a request may take at the largest size, in µs. undefined: no
   * promise.
   */
  readonly mostUs?: number;
};

/** How much more a request may cost at the largest size: 10 %. */
export const GROWTH_MUST = 1.1;

/** Everything that may grow in a sidecar. */
export const SERIES: readonly Series[] = [
  {
    dimension: "services",
    title: "services",
    sizes: [1, 10, 100, 1_000, 10_000],
    from: 10,
  },
  { dimension: "routes", title: "routes of the service", sizes: [1, 10, 100, 1_000], from: 1 },
  {
    dimension: "cookieRoutes",
    title: "routes by cookie, 30 KiB of cookies",
    sizes: [1, 64, 4_096],
    from: undefined,
    // If each route read the cookies by itself, this would be over 500 ms.
    mostUs: 1_000,
  },
  {
    dimension: "endpoints",
    title: "endpoints",
    sizes: [2, 10, 100, 1_000],
    from: 2,
    // Two draws make the choice, out of 2 as out of 1 000. But there are more connections, and each
    // of them, in the kernel's memory and in ours, is cold in the processor's caches when its turn
    // comes.
    rival: "nginx",
  },
  {
    dimension: "idleConnections",
    title: "idle connections",
    sizes: [0, 100, 1_000, 10_000],
    from: undefined,
  },
];
