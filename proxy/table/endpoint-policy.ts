/**
 * How a version's endpoint is chosen. p2c: of two by weight, that with less latency times load;
 * leastRequest: that with less load; roundRobin: in turn.
 */
export type Balance = "p2c" | "leastRequest" | "roundRobin";

/** When an endpoint is taken out for its own failures, and for how long. */
export type EjectionPolicy = {
  /** Failures in a row that eject an endpoint. 0: never eject. */
  readonly consecutive: number;
  readonly baseTimeMs: number;
  readonly maxTimeMs: number;
  /** Share of a version's endpoints that may be out at once, 0 … 100; the last is never ejected. */
  readonly maxPercent: number;
  /** Share of its attempts whose failure ejects an endpoint, 1 … 100. 0: only those in a row do. */
  readonly failurePercent: number;
  /** Over how long that is counted; half of it at least. */
  readonly windowMs: number;
  /** Attempts that an endpoint, and the others of its version, must have had within that time. */
  readonly samples: number;
  /**
   * Where fewer of a version's endpoints are usable, in per cent, all of them are used again, those
   * that answer: panic. 0, or absent as older code leaves it: never.
   */
  readonly panicPercent?: number | undefined;
};
