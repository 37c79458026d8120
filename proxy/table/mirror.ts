/** What of two answers is compared. */
export type MirrorComparison = {
  readonly status: boolean;
  readonly headers: boolean;
  readonly body: boolean;
  /** Fields that may differ, in lower case, beside those that always do. */
  readonly ignored: readonly string[];
};

/** Copies of requests for another version, whose answers nobody gets. */
export type MirrorPolicy = {
  /** The version that gets them. */
  readonly to: string;
  /** How many of 100 requests are copied, 0 … 100, with fractions. */
  readonly percent: number;
  /** The only methods that are. */
  readonly methods: readonly string[];
  /** undefined: their answers are only counted. */
  readonly compare: MirrorComparison | undefined;
};
