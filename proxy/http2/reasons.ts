import { ErrorCode } from "./error-codes.ts";

/** Error code by reason (RFC 9113 section 7). */
const CODE_BY_REASON = {
  "h2-preface-invalid": ErrorCode.protocolError,
  "h2-frame-size": ErrorCode.frameSizeError,
  "h2-frame-unexpected": ErrorCode.protocolError,
  "h2-padding-invalid": ErrorCode.protocolError,
  "h2-stream-id": ErrorCode.protocolError,
  "h2-stream-closed": ErrorCode.streamClosed,
  "h2-stream-depends-on-itself": ErrorCode.protocolError,
  "h2-settings-invalid": ErrorCode.protocolError,
  "h2-settings-timeout": ErrorCode.settingsTimeout,
  "h2-block-invalid": ErrorCode.compressionError,
  "h2-window-exceeded": ErrorCode.flowControlError,
  "h2-window-overflow": ErrorCode.flowControlError,
  "h2-window-unchanged": ErrorCode.protocolError,
  "h2-field-invalid": ErrorCode.protocolError,
  "h2-connection-field": ErrorCode.protocolError,
  "h2-pseudo-field": ErrorCode.protocolError,
  "h2-authority": ErrorCode.protocolError,
  "h2-path": ErrorCode.protocolError,
  "h2-content-length": ErrorCode.protocolError,
  "h2-trailers-invalid": ErrorCode.protocolError,
  "h2-head-too-large": ErrorCode.enhanceYourCalm,
  "h2-too-many-streams": ErrorCode.refusedStream,
  "h2-lists-too-large": ErrorCode.refusedStream,
  "h2-reset-flood": ErrorCode.enhanceYourCalm,
  "h2-provoked-resets": ErrorCode.enhanceYourCalm,
  "h2-continuation-flood": ErrorCode.enhanceYourCalm,
  "h2-header-bomb": ErrorCode.enhanceYourCalm,
  "h2-empty-frames": ErrorCode.enhanceYourCalm,
  "h2-ping-flood": ErrorCode.enhanceYourCalm,
  "h2-settings-flood": ErrorCode.enhanceYourCalm,
  "h2-ignored-frames": ErrorCode.enhanceYourCalm,
  "h2-window-update-flood": ErrorCode.enhanceYourCalm,
  "h2-answers-unread": ErrorCode.enhanceYourCalm,
} as const;

/** The rule that a peer broke. A bounded set, fit for a metric's label. */
export type Http2Reason = keyof typeof CODE_BY_REASON;

/** A broken rule with the code of the RST_STREAM or GOAWAY that answers it. */
export type Http2Fault = { readonly code: number; readonly reason: Http2Reason };

/** Every reason there is. */
export const HTTP2_REASONS = Object.keys(CODE_BY_REASON) as readonly Http2Reason[];

/** One frozen fault for each reason, so that finding one allocates nothing. */
export const FAULTS: Readonly<Record<Http2Reason, Http2Fault>> = Object.freeze(
  Object.fromEntries(
    HTTP2_REASONS.map((reason) => [
      reason,
      Object.freeze({ code: CODE_BY_REASON[reason], reason }),
    ]),
  ) as Record<Http2Reason, Http2Fault>,
);
