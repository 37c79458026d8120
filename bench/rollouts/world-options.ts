/** What is wrong with a canary. Rates are 0 … 1. */
export type Defect = {
  /** Added to its error rate. */
  readonly errors?: number;
  /** At one of its endpoints only: the rate there. */
  readonly endpointErrors?: number;
  /** On one route, which has this share of the requests. */
  readonly route?: { readonly share: number; readonly errors: number };
  /** All its latencies are longer by this factor. */
  readonly latency?: number;
  /** Only those of this share of its requests. */
  readonly tail?: { readonly share: number; readonly factor: number };
  /** Its error rate grows to `errors` in `seconds`. */
  readonly leak?: { readonly seconds: number; readonly errors: number };
  /** For `on` of each `every` seconds. */
  readonly intermittent?: {
    readonly every: number;
    readonly on: number;
    readonly errors: number;
  };
  /** Above a weight: it cannot carry more. */
  readonly capacity?: { readonly above: number; readonly errors: number };
};

/** A service whose rollout is simulated. */
export type WorldOptions = {
  readonly perSecond: number;
  /** Error rate of both versions, 0 … 1. */
  readonly baseErrors: number;
  /** Traffic rises and falls by 40 % in ten minutes: a day, made short. */
  readonly diurnal?: boolean;
  /** Three times the traffic for about 10 s, every two minutes; latencies × 1.3 for both. */
  readonly bursts?: boolean;
  /** Both versions fail 2 to 30 % for about 10 s, every five minutes; latencies × 2. */
  readonly outages?: boolean;
  /** The canary's latencies are longer by a factor that falls to 1 in so many seconds. */
  readonly cold?: { readonly seconds: number; readonly factor: number };
  /** Failures come in clumps of this mean size, each of one user and so of one version. */
  readonly clump?: number;
  /** Each endpoint by itself fails half of its requests for 5 s, once in `every` seconds. */
  readonly hiccups?: { readonly every: number; readonly stableEndpoints: number };
  readonly canaryEndpoints?: number;
  /** The canary gets this many times its weight. */
  readonly shareFactor?: number;
  readonly noLatency?: boolean;
  readonly defect?: Defect;
};

/** What happens to real services while somebody rolls out. */
export const REALISTIC = {
  diurnal: true,
  bursts: true,
  outages: true,
  cold: { seconds: 30, factor: 3 },
} as const satisfies Partial<WorldOptions>;

/** Endpoints of a canary, unless said. */
export const CANARY_ENDPOINTS = 4;
