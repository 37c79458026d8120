import type { AnswerDraft } from "../filters/filter-answer.ts";
import type { OwnAnswer } from "../http1/own-answer.ts";
import type { Refusal } from "../http1/refusal.ts";

/** Everything that can go wrong with an exchange without a fault in the client's message. */
export type ProxyError =
  | "no-service"
  | "no-endpoint"
  | "taken-away"
  | "session-unreadable"
  | "overloaded"
  | "queue-full"
  | "local-fault"
  | "connect-refused"
  | "connect-unreachable"
  | "connect-timeout"
  | "reset"
  | "response-timeout"
  | "exchange-timeout"
  | "deadline-exceeded"
  | "response-invalid"
  | "upgrade-invalid"
  | "upgrade-unknown"
  | "loop"
  | "intention-denied"
  | "filter-failed"
  | "rate-limited"
  | "tls-alert"
  | "tls-certificate-expired"
  | "tls-certificate-invalid"
  | "tls-certificate-too-long"
  | "tls-certificate-untrusted"
  | "tls-certificate-wrong-name"
  | "tls-protocol"
  | "tls-refused"
  | "tls-unconfigured"
  | "http2-refused"
  | "stream-refused"
  | "too-many-connections";

type ErrorResponse = {
  readonly status: number;
  /** The error type for Proxy-Status (RFC 9209 2.3). */
  readonly proxyStatus: string;
  /** Plain text for people who read the body. */
  readonly text: string;
  /** Seconds for Retry-After; undefined: none. */
  readonly retryAfter?: number;
};

/** The one table from errors to responses. */
const ERRORS: Readonly<Record<ProxyError, ErrorResponse>> = {
  "no-service": {
    status: 404,
    proxyStatus: "destination_not_found",
    text: "No service has this host",
  },
  "no-endpoint": {
    status: 503,
    proxyStatus: "destination_unavailable",
    text: "The service has no usable endpoint",
    retryAfter: 1,
  },
  "taken-away": {
    status: 503,
    proxyStatus: "destination_unavailable",
    text: "The version of the service, or the sidecar, is being taken out of use: ask again",
    retryAfter: 1,
  },
  "session-unreadable": {
    status: 503,
    proxyStatus: "destination_not_found",
    text: "No version of the service that takes requests reads the state of this session",
  },
  overloaded: {
    status: 503,
    proxyStatus: "connection_limit_reached",
    text: "The service is at its limits",
    retryAfter: 1,
  },
  "queue-full": {
    status: 503,
    proxyStatus: "connection_limit_reached",
    text: "The endpoint's queue is full",
    retryAfter: 1,
  },
  "local-fault": {
    status: 503,
    proxyStatus: "proxy_internal_error",
    text: "The sidecar could not open a connection",
    retryAfter: 1,
  },
  "connect-refused": {
    status: 502,
    proxyStatus: "connection_refused",
    text: "The endpoint refused the connection",
  },
  "connect-unreachable": {
    status: 502,
    proxyStatus: "destination_ip_unroutable",
    text: "The endpoint cannot be reached",
  },
  "connect-timeout": {
    status: 504,
    proxyStatus: "connection_timeout",
    text: "The endpoint did not accept the connection in time",
  },
  "tls-alert": {
    status: 502,
    proxyStatus: "tls_alert_received",
    text: "The endpoint ended the TLS handshake with an alert",
  },
  "tls-refused": {
    status: 502,
    proxyStatus: "tls_alert_received",
    text: "The endpoint ended the TLS connection: it may not take the sidecar's certificate",
  },
  "tls-certificate-expired": {
    status: 502,
    proxyStatus: "tls_certificate_error",
    text: "The endpoint's certificate has expired",
  },
  "tls-certificate-invalid": {
    status: 502,
    proxyStatus: "tls_certificate_error",
    text: "The endpoint's certificate is not valid",
  },
  "tls-certificate-too-long": {
    status: 502,
    proxyStatus: "tls_certificate_error",
    text: "The endpoint sends more certificates than the sidecar verifies",
  },
  "tls-certificate-untrusted": {
    status: 502,
    proxyStatus: "tls_certificate_error",
    text: "The endpoint's certificate does not come from an authority that the service trusts",
  },
  "tls-certificate-wrong-name": {
    status: 502,
    proxyStatus: "tls_certificate_error",
    text: "The endpoint's certificate is for another name",
  },
  "tls-protocol": {
    status: 502,
    proxyStatus: "tls_protocol_error",
    text: "The endpoint does not speak TLS as the sidecar does",
  },
  "tls-unconfigured": {
    status: 503,
    proxyStatus: "proxy_configuration_error",
    text: "The sidecar lacks a certificate or roots for this service",
    retryAfter: 1,
  },
  "http2-refused": {
    status: 502,
    proxyStatus: "http_protocol_error",
    text: "The endpoint does not speak HTTP/2",
  },
  "stream-refused": {
    status: 502,
    proxyStatus: "connection_terminated",
    text: "The endpoint refused the request before it began with it",
  },
  reset: {
    status: 502,
    proxyStatus: "connection_terminated",
    text: "The endpoint closed the connection before it answered",
  },
  "response-timeout": {
    status: 504,
    proxyStatus: "http_response_timeout",
    text: "The endpoint did not answer in time",
  },
  "exchange-timeout": {
    status: 504,
    proxyStatus: "http_response_timeout",
    text: "The time for the request was up before the endpoint had answered",
  },
  "deadline-exceeded": {
    status: 504,
    proxyStatus: "http_response_timeout",
    text: "The deadline of the call has passed",
  },
  "response-invalid": {
    status: 502,
    proxyStatus: "http_protocol_error",
    text: "The endpoint's answer is not valid HTTP",
  },
  "upgrade-unknown": {
    status: 502,
    proxyStatus: "http_upgrade_failed",
    text: "The endpoint speaks HTTP/2 and does not know WebSocket in it",
  },
  "upgrade-invalid": {
    status: 502,
    proxyStatus: "http_upgrade_failed",
    text: "The endpoint changed to a protocol that nobody asked for",
  },
  loop: {
    status: 508,
    proxyStatus: "proxy_loop_detected",
    text: "The request has been here before",
  },
  "intention-denied": {
    status: 403,
    proxyStatus: "http_request_denied",
    text: "The intentions of the mesh do not allow this request",
  },
  "rate-limited": {
    status: 429,
    proxyStatus: "http_request_denied",
    text: "Too many requests",
  },
  "filter-failed": {
    status: 503,
    proxyStatus: "proxy_internal_error",
    text: "A filter of the service failed",
  },
  "too-many-connections": {
    status: 503,
    proxyStatus: "connection_limit_reached",
    text: "The sidecar is at its limit of connections",
    retryAfter: 1,
  },
};

/** What Allow says where no service says it (RFC 9110 10.2.1): the usual ones. */
const METHODS_ALLOWED = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

/** Fields that a status must carry: RFC 6455 4.4. */
const STATUS_FIELDS: Readonly<Record<number, string>> = {
  426: "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
};

/** How our own response is framed. */
export type ResponseOptions = {
  /** Announces that the connection closes after it. */
  readonly close: boolean;
  /** The request was HEAD: no body. */
  readonly head: boolean;
  /** IMF-fixdate (RFC 9110 5.6.7). */
  readonly date: string;
};

/** The status that a ProxyError is answered with. */
export function statusOf(error: ProxyError): number {
  return ERRORS[error].status;
}

/** What people read of it. */
export function textOf(error: ProxyError): string {
  return ERRORS[error].text;
}

/** The error type that Proxy-Status gives for it. */
export function proxyStatusOf(error: ProxyError): string {
  return ERRORS[error].proxyStatus;
}

/** The response to a ProxyError. */
export function errorResponse(error: ProxyError, options: ResponseOptions): OwnAnswer {
  const { status, proxyStatus, text, retryAfter } = ERRORS[error];
  const retry = retryAfter === undefined ? "" : `Retry-After: ${retryAfter}\r\n`;
  return response(status, `Proxy-Status: sluice; error=${proxyStatus}\r\n${retry}`, text, options);
}

/** The error type in Proxy-Status of every refused message. */
export const REFUSED_STATUS = "http_request_error";

/**
 * The response to a refused message; the connection closes after it. `allowed`: the methods for a
 * 405, in place of those that we take anyway.
 */
export function refusalResponse(
  refusal: Refusal,
  options: Omit<ResponseOptions, "close">,
  allowed: readonly string[] = METHODS_ALLOWED,
): OwnAnswer {
  const allow = refusal.status === 405 ? `Allow: ${allowed.join(", ")}\r\n` : "";
  const fields = `Proxy-Status: sluice; error=${REFUSED_STATUS}\r\n`;
  const text = `The request was refused: ${refusal.reason}`;
  return response(refusal.status, allow + fields, text, { ...options, close: true });
}

/** What `OPTIONS *` is answered with: it asks about us, not about a service (RFC 9110 9.3.7). */
export function optionsResponse({ close, date }: ResponseOptions): OwnAnswer {
  const fields = `Date: ${date}\r\nAllow: ${METHODS_ALLOWED.join(", ")}\r\n`;
  return { status: 204, fields, connection: close ? CLOSE : "", body: "" };
}

/** The response that a filter gives instead of the service. */
export function ownResponse(
  { status, fields, body }: AnswerDraft,
  { close, date, head }: ResponseOptions,
): OwnAnswer {
  const length = status === 204 || status === 304 ? "" : `Content-Length: ${body.length}\r\n`;
  return {
    status,
    fields: `Date: ${date}\r\n${length}${fields}`,
    connection: close ? CLOSE : "",
    body: head ? "" : body,
  };
}

const CLOSE = "Connection: close\r\n";

function response(
  status: number,
  fields: string,
  text: string,
  { close, date, head }: ResponseOptions,
): OwnAnswer {
  const body = `${text}\n`;
  // Only a refusal is a 426, and refusals close.
  const closing = status === 426 ? "Connection: close, Upgrade\r\n" : CLOSE;
  return {
    status,
    fields:
      `Date: ${date}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
      `${STATUS_FIELDS[status] ?? ""}${fields}`,
    connection: close ? closing : "",
    body: head ? "" : body,
  };
}
