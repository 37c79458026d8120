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

/** As `grpc-status` has it. */
export function grpcNumber(status: GrpcStatus): number {
  return GRPC_STATUSES.indexOf(status);
}

/** A set of statuses: one bit each, by number. */
export function grpcStatusSet(statuses: readonly GrpcStatus[]): number {
  return statuses.reduce((set, status) => set | (1 << grpcNumber(status)), 0);
}

/** Whether a set of statuses has this one. */
export function hasGrpcStatus(set: number, status: GrpcStatus): boolean {
  return (set & (1 << grpcNumber(status))) !== 0;
}

/**
 * What calls end with where an answer of HTTP has another status than 200: as gRPC's own table has
 * it ("HTTP to gRPC Status Code Mapping"), except for what that does not know or calls UNKNOWN
 * although it says more.
 */
const BY_HTTP_STATUS: Readonly<Record<number, GrpcStatus>> = {
  400: "INTERNAL",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "UNIMPLEMENTED",
  405: "UNIMPLEMENTED",
  408: "DEADLINE_EXCEEDED",
  413: "RESOURCE_EXHAUSTED",
  414: "RESOURCE_EXHAUSTED",
  421: "UNAVAILABLE",
  429: "UNAVAILABLE",
  431: "RESOURCE_EXHAUSTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "UNAVAILABLE",
  508: "FAILED_PRECONDITION",
};

/** What a status of HTTP means in gRPC. */
export function grpcStatusOfHttp(httpStatus: number): GrpcStatus {
  return BY_HTTP_STATUS[httpStatus] ?? "UNKNOWN";
}
