/** Status by reason. A refused response becomes a 502, whatever this says. */
const STATUS_BY_REASON = {
  "bare-line-feed": 400,
  "bare-carriage-return": 400,
  "too-many-empty-lines": 400,
  "method-invalid": 400,
  "method-unknown": 501,
  "method-refused": 405,
  "method-not-listed": 405,
  "target-invalid": 400,
  "target-too-long": 414,
  "version-invalid": 400,
  "version-unsupported": 505,
  "status-line-invalid": 502,
  "head-too-large": 431,
  "head-timeout": 408,
  "too-many-fields": 431,
  "field-name-invalid": 400,
  "field-name-ambiguous": 400,
  "field-value-invalid": 400,
  "line-folding": 400,
  "host-missing": 400,
  "host-twice": 400,
  "host-invalid": 400,
  "host-misdirected": 421,
  "grpc-needs-http2": 505,
  "length-invalid": 400,
  "length-twice": 400,
  "length-and-transfer-encoding": 400,
  "transfer-encoding-invalid": 400,
  "connection-invalid": 400,
  "expectation-unknown": 417,
  "expectation-twice": 400,
  "max-forwards-invalid": 400,
  "websocket-invalid": 400,
  "websocket-version": 426,
  "chunk-size-invalid": 400,
  "chunk-extension-invalid": 400,
  "chunk-extension-too-long": 400,
  "chunk-data-spill": 400,
  "trailer-invalid": 400,
  "chunk-size-padding": 400,
  "content-length-with-chunked": 502,
  "equal-content-length-twice": 400,
  "raw-utf8-target": 400,
  "websocket-key": 400,
  "body-too-large": 413,
  "body-timeout": 408,
} as const;

/** Why a message was refused: the rule it broke. A bounded set, fit for a metric's label. */
export type RejectReason = keyof typeof STATUS_BY_REASON;

/** A broken rule with the status that a client gets for it. */
export type Refusal = {
  readonly status: (typeof STATUS_BY_REASON)[RejectReason];
  readonly reason: RejectReason;
};

/** Every reason there is. */
const REJECT_REASONS = Object.keys(STATUS_BY_REASON) as readonly RejectReason[];

/** One frozen refusal for each reason, so that refusing allocates nothing. */
export const REFUSALS: Readonly<Record<RejectReason, Refusal>> = Object.freeze(
  Object.fromEntries(
    REJECT_REASONS.map((reason) => [
      reason,
      Object.freeze({ status: STATUS_BY_REASON[reason], reason }),
    ]),
  ) as Record<RejectReason, Refusal>,
);
