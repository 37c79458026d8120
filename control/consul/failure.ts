import { errors } from "undici";
import { ConsulError } from "./consul-error.ts";

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

/** What became of a request that has no answer, for errors. */
export function describeSilence(error: unknown): {
  code: "consul_timeout" | "consul_unreachable";
  message: string;
} {
  const isTimeout =
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError ||
    (error instanceof Error && "isTimeout" in error);
  if (isTimeout) return { code: "consul_timeout", message: "Consul does not answer in time" };
  // An AggregateError of both address families has no text of its own, but a code.
  const text = error instanceof Error ? error.message || String(errorCode(error)) : String(error);
  return { code: "consul_unreachable", message: `Consul cannot be reached (${text.trim()})` };
}

function errorCode(error: Error): unknown {
  return "code" in error ? error.code : error.name;
}
