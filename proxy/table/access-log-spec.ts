/** What a line of the access log can say. docs/access-log.md says what each means. */
export const ACCESS_LOG_FIELDS = [
  "time",
  "client",
  "protocol",
  "method",
  "host",
  "path",
  "query",
  "status",
  "grpcStatus",
  "error",
  "flags",
  "durationMs",
  "firstByteMs",
  "requestBytes",
  "responseBytes",
  "service",
  "version",
  "endpoint",
  "attempts",
  "requestId",
  "traceId",
  "userAgent",
  "referer",
  "serverName",
] as const;

/** One of them. */
export type AccessLogField = (typeof ACCESS_LOG_FIELDS)[number];

/** How a line looks. */
export type AccessLogFormat =
  /** An object of JSON with these fields, in this order; those without a value are left out. */
  | { readonly kind: "json"; readonly fields: readonly AccessLogField[] }
  /** NCSA's Combined Log Format, without query strings. */
  | { readonly kind: "combined" }
  /** Texts and fields in turn: literals[0], fields[0], literals[1] … */
  | {
      readonly kind: "template";
      readonly literals: readonly string[];
      readonly fields: readonly AccessLogField[];
    };

/** Where what is told of each request goes, and of which. */
export type AccessLogSpec = {
  /** An absolute path. undefined: the worker's standard output. */
  readonly path: string | undefined;
  readonly format: AccessLogFormat;
  /** Part of the lines that are neither of an error nor slow, at random, 0 … 1. */
  readonly sample: number;
  /** From this duration on something is slow. */
  readonly slowMs: number;
  /** Only lines of these kinds. Empty: all. */
  readonly filter: readonly ("errors" | "slow")[];
};
