import { isAlert } from "../transport/tls-errors.ts";
import type { ConnectFailure } from "../upstream/connect-failure.ts";
import type { Endpoint } from "../upstream/endpoint.ts";
import type { Destination } from "./destination.ts";
import { FAILURES } from "./failures.ts";
import type { Failure } from "./failures.ts";

type FailedAt = Pick<Destination, "live" | "pool" | "refusals">;

/** There is no connection. Returns what that means for the exchange. */
export function connectFailed(
  at: FailedAt,
  failure: ConnectFailure,
  endpoint: Endpoint | undefined,
): Failure {
  if (failure.startsWith("tls")) tellTls(at, failure, endpoint);
  return failure === "stale" ? FAILURES.reset : FAILURES[failure];
}

/** The connection is gone without an answer. Returns what that means for the exchange. */
export function connectionClosed(
  at: FailedAt,
  error: Error | undefined,
  endpoint: Endpoint | undefined,
): Failure {
  if (!isAlert(error)) return FAILURES.reset;
  tellTls(at, "tlsRefused", endpoint);
  return FAILURES.tlsRefused;
}

/** An operator has to know why TLS with an endpoint has failed. */
function tellTls(
  { live, pool, refusals }: FailedAt,
  reason: string,
  endpoint: Endpoint | undefined,
): void {
  const about = { service: live?.name, version: pool?.version, endpoint: endpoint?.address };
  refusals.endpoint(reason, about);
}
