import type { AttemptOutcome } from "../metrics/stats.ts";
import type { RetryCause } from "../table/snapshot.ts";
import type { ProxyError } from "./respond.ts";

/** How an attempt failed: for the client, for the counters, for the retry policy. */
export type Failure = {
  readonly error: ProxyError;
  readonly outcome: AttemptOutcome;
  /** undefined: never retried. */
  readonly cause: RetryCause | undefined;
};

/** Every way in which an attempt fails. */
export const FAILURES = {
  refused: { error: "connect-refused", outcome: "connect", cause: "connect" },
  unreachable: { error: "connect-unreachable", outcome: "connect", cause: "connect" },
  timeout: { error: "connect-timeout", outcome: "connect", cause: "connect" },
  local: { error: "local-fault", outcome: "local", cause: "connect" },
  queueFull: { error: "queue-full", outcome: "local", cause: "connect" },
  tlsExpired: { error: "tls-certificate-expired", outcome: "connect", cause: "connect" },
  tlsUntrusted: { error: "tls-certificate-untrusted", outcome: "connect", cause: "connect" },
  tlsWrongName: { error: "tls-certificate-wrong-name", outcome: "connect", cause: "connect" },
  tlsTooLong: { error: "tls-certificate-too-long", outcome: "connect", cause: "connect" },
  tlsInvalid: { error: "tls-certificate-invalid", outcome: "connect", cause: "connect" },
  tlsAlert: { error: "tls-alert", outcome: "connect", cause: "connect" },
  tlsProtocol: { error: "tls-protocol", outcome: "connect", cause: "connect" },
  tlsUnconfigured: { error: "tls-unconfigured", outcome: "local", cause: "connect" },
  noHttp2: { error: "http2-refused", outcome: "connect", cause: "connect" },
  unprocessed: { error: "stream-refused", outcome: "connect", cause: "connect" },
  /** In TLS 1.3 an endpoint judges our certificate when the request is already on its way. */
  tlsRefused: { error: "tls-refused", outcome: "reset", cause: "reset-before-response" },
  reset: { error: "reset", outcome: "reset", cause: "reset-before-response" },
  late: { error: "response-timeout", outcome: "timeout", cause: "timeout" },
  /** The time of the whole exchange is up. */
  expired: { error: "exchange-timeout", outcome: "timeout", cause: undefined },
  invalid: { error: "response-invalid", outcome: "reset", cause: undefined },
  noTunnels: { error: "upgrade-unknown", outcome: "reset", cause: undefined },
  badUpgrade: { error: "upgrade-invalid", outcome: "reset", cause: undefined },
} as const satisfies Record<string, Failure>;
