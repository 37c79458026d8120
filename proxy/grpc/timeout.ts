/** The field that says how long a call may take. */
export const GRPC_TIMEOUT_FIELD = "grpc-timeout";

/** Most digits of its value (gRPC over HTTP/2, TimeoutValue). */
const DIGITS_MAX = 8;

/** Largest value of one unit. */
const VALUE_MAX = 10 ** DIGITS_MAX - 1;

/** Milliseconds of each TimeoutUnit: hours, minutes, seconds, milli-, micro- and nanoseconds. */
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

const TIMEOUT = new RegExp(`^\\d{1,${DIGITS_MAX}}[HMSmun]$`);

/** The milliseconds that `grpc-timeout` says. undefined: it is no such value. */
export function readGrpcTimeout(value: string): number | undefined {
  if (!TIMEOUT.test(value)) return undefined;
  return Number(value.slice(0, -1)) * (UNIT_MS[value.slice(-1)] as number);
}

/**
 * The value of `grpc-timeout` for so many milliseconds, of which a part of one counts as a whole:
 * `2000m`. What has more than eight digits is said in seconds, rounded up.
 */
export function grpcTimeout(forMs: number): string {
  const wholeMs = Math.ceil(forMs);
  if (wholeMs <= VALUE_MAX) return `${wholeMs}m`;
  return `${Math.min(VALUE_MAX, Math.ceil(wholeMs / 1_000))}S`;
}
