/**
 * What calls of gRPC end with, each at the place of its number: `grpc-status` 0 to 16 (the list of
 * status codes in gRPC's documentation).
 */
export const GRPC_STATUSES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** The name of one of them. */
export type GrpcStatus = (typeof GRPC_STATUSES)[number];

/** Reads `grpc-status`: a decimal number without a sign. undefined: it is none that gRPC knows. */
export function readGrpcStatus(value: string): GrpcStatus | undefined {
  return /^(?:\d|1[0-6])$/.test(value) ? GRPC_STATUSES[Number(value)] : undefined;
}
