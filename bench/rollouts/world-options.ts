/** What is wrong with a canary. Rates are 0 … 1. */
export type Defect = {
  /** Added to its error rate. */
  readonly errors?: number;
  /** The error rate at one of its endpoints only. */
  readonly endpointErrors?: number;
  /** Errors on one route only, which has this share of the requests. */
  readonly route?: { readonly share: number; readonly errors: number };
  /** All its latencies are multiplied by this. */
  readonly latency?: number;
  /** Only the latencies of this share of its requests are. */
  readonly tail?: { readonly share: number; readonly factor: number };
  /** Its error rate grows to `errors` within `seconds`. */
  readonly leak?: { readonly seconds: number; readonly errors: number };
  /** Fails for `on` of every `every` seconds. */
  readonly intermittent?: {
    readonly every: number;
    readonly on: number;
    readonly errors: number;
  };
  /** Fails above a weight, because it cannot carry more. */
  readonly capacity?: { readonly above: number; readonly errors: number };
};

/** The service of a simulated rollout. */
export type WorldOptions = {
  readonly perSecond: number;
  /** The error rate of both versions, 0 … 1. */
  readonly baseErrors: number;
  /** Traffic rises and falls by 40 % in ten minutes, like a day in short. */
  readonly diurnal?: boolean;
  /** Three times the traffic for about 10 s, every two minutes; latencies × 1.3 for both. */
  readonly bursts?: boolean;
  /** Both versions fail 2 to 30 % for about 10 s, every five minutes; latencies × 2. */
  readonly outages?: boolean;
  /** The canary's latencies are multiplied by a factor that falls to 1 in this time. */
  readonly cold?: { readonly seconds: number; readonly factor: number };
  /** Failures come in clumps of this mean size, each from one user and so at one version. */
  readonly clump?: number;
  /** Each endpoint now and then fails half of its requests for 5 s: once per `every` seconds. */
  readonly hiccups?: { readonly every: number; readonly stableEndpoints: number };
  readonly canaryEndpoints?: number;
  /** The canary gets this many times its weight. */
  readonly shareFactor?: number;
  readonly noLatency?: boolean;
  readonly defect?: Defect;
};

/** What happens to real services during rollouts. */
export const REALISTIC = {
  diurnal: true,
  bursts: true,
  outages: true,
  cold: { seconds: 30, factor: 3 },
} as const satisfies Partial<WorldOptions>;

/** Endpoints of a canary, unless stated otherwise. */
export const CANARY_ENDPOINTS = 4;
