import { errors } from "undici";
import { ANSWER_BYTES_MAX } from "./agent-connections.ts";
import { ConsulError } from "./consul-error.ts";
import { errorCode, errorText } from "../../proxy/base/error-text.ts";

/** How soon after a request an agent at its limit of connections closes the one it came by. */
const AT_ONCE_MS = 1_000;

/** What a system, and undici, call a connection that the other side has closed. */
const CLOSED: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/**
 * An agent at its limit of connections says so (429) and closes at once; by then a request is on
 * the way, which mostly makes the system throw away what was said. So do agents that end.
 */
export class ClosedAtOnceError extends ConsulError {
  constructor(action: string) {
    const why = "as it does at its limit of connections (limits.http_max_conns_per_client)";
    super("consul_busy", action, `Consul closed the connection at once, ${why}`);
  }
}

/**
 * What to make of a read whose connection was closed `afterMs` after it was sent. undefined: that
 * is not why it failed. `waits`: it is a blocking query.
 */
export function closedRead(
  error: unknown,
  { action, waits, afterMs }: { action: string; waits: boolean; afterMs: number },
): ConsulError | undefined {
  if (!CLOSED.has(errorCode(error))) return undefined;
  if (afterMs < AT_ONCE_MS) return new ClosedAtOnceError(action);
  if (!waits) return undefined;
  const why = "consul.wait is longer than somebody in between lets a connection rest";
  const reason = `the connection was closed while a query waited; if that repeats, ${why}`;
  return new ConsulError("consul_unreachable", action, `Consul cannot be reached (${reason})`);
}

/** Whether an agent answers that it takes no more connections, or requests, from here. */
export function isLimited(error: unknown): boolean {
  if (error instanceof ConsulError) return error.code === "consul_busy";
  return packageAnswer(error)?.statusCode === 429;
}

/**
 * The package's errors carry the response, whose request holds the token. Only these two fields get
 * out.
 */
export function packageAnswer(error: unknown): { statusCode: number; text: string } | undefined {
  if (!(error instanceof Error) || !("response" in error)) return undefined;
  const { statusCode, body } = error.response as { statusCode: number; body?: unknown };
  const text = Buffer.isBuffer(body) || typeof body === "string" ? String(body) : "";
  return { statusCode, text };
}

/** What became of a request that has no answer, or none that is read, for errors. */
export function describeSilence(error: unknown): {
  code: "consul_timeout" | "consul_unreachable" | "consul_unreadable";
  message: string;
} {
  if (error instanceof errors.ResponseExceededMaxSizeError) {
    const message = `Consul's answer is larger than ${ANSWER_BYTES_MAX / 2 ** 20} MiB`;
    return { code: "consul_unreadable", message };
  }
  const isTimeout =
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError ||
    (error instanceof Error && "isTimeout" in error);
  if (isTimeout) return { code: "consul_timeout", message: "Consul does not answer in time" };
  // An AggregateError of both address families has no text of its own, but a code.
  const text = errorText(error) || errorCode(error) || "no reason is known";
  return { code: "consul_unreachable", message: `Consul cannot be reached (${text.trim()})` };
}
