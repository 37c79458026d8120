/** The field that says how long a call may take. */
export const GRPC_TIMEOUT_FIELD = "grpc-timeout";

/** Most digits of its value (gRPC over HTTP/2, TimeoutValue). */
const DIGITS_MAX = 8;

/** Largest value of one unit. */
const VALUE_MAX = 10 ** DIGITS_MAX - 1;

/**
 * The value of `grpc-timeout` for so many milliseconds, of which a part of one counts as a whole:
 * `2000m`. What has more than eight digits is said in seconds, rounded up.
 */
export function grpcTimeout(forMs: number): string {
  const wholeMs = Math.ceil(forMs);
  if (wholeMs <= VALUE_MAX) return `${wholeMs}m`;
  return `${Math.min(VALUE_MAX, Math.ceil(wholeMs / 1_000))}S`;
}
