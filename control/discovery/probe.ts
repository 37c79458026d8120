import { orLate } from "../../proxy/base/deadline.ts";
import type { buildConnector, Client } from "undici";
import type { Clock } from "../../proxy/base/clock.ts";
import { connectByTls, ProbeTlsError } from "./probe-tls.ts";
import type { ProbeTls } from "./probe-tls.ts";

/** Most bytes of an answer's body that are read: a status page fits, a download does not. */
const BODY_BYTES_MAX = 64 * 1024;

/** What a probe asks for, and whom it asks. */
export type ProbeTarget = {
  /** Canonical: see canonicalEndpoint. */
  readonly address: string;
  /** Sent as Host. */
  readonly host: string;
  readonly path: string;
  /** Covers all of it: name look-up, connect, head and body. */
  readonly timeoutMs: number;
  /** undefined: in clear. */
  readonly tls?: ProbeTls | undefined;
};

/** How a probe went. */
export type ProbeResult = {
  readonly succeeded: boolean;
  /** For people: `answered 500`, `no answer within 2000 ms`, `cannot connect: ECONNREFUSED`. */
  readonly reason: string;
};

/**
 * Asks an endpoint once, by GET over a connection of its own: a kept connection would not show
 * whether new ones can be opened. 2xx and 3xx are a success; the body must only end in time or
 * exceed BODY_BYTES_MAX. Ends early, with a failure, when `signal` is aborted. Never rejects.
 */
export async function probe(
  clock: Clock,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const client = await openClient(target);
  try {
    signal.throwIfAborted();
    const answer = ask(client, target);
    return await orLate(answer, target.timeoutMs, clock, () => lateResult(target), signal);
  } catch (error) {
    return { succeeded: false, reason: reasonOf(error) };
  } finally {
    await client.destroy();
  }
}

/**
 * The clock times the whole probe; `connect` only bounds a socket that nobody waits for any more.
 * undici takes 4 MiB, so it is loaded with the first probe.
 */
async function openClient({ address, timeoutMs, tls }: ProbeTarget): Promise<Client> {
  const undici = await import("undici");
  const options = {
    // No keep-alive: sends Connection: close.
    pipelining: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: timeoutMs },
  };
  if (tls !== undefined) {
    const open: buildConnector.connector = (_options, onConnected) =>
      connectByTls(address, tls, timeoutMs, onConnected);
    return new undici.Client("https://localhost", { ...options, connect: open });
  }
  if (!address.startsWith("unix:")) return new undici.Client(`http://${address}`, options);
  const socketPath = address.slice("unix:".length);
  return new undici.Client("http://localhost", { ...options, socketPath });
}

async function ask(client: Client, { host, path }: ProbeTarget): Promise<ProbeResult> {
  const { statusCode, body } = await client.request({
    method: "GET",
    path,
    headers: { host, "user-agent": "sluice-health-check" },
  });
  await body.dump({ limit: BODY_BYTES_MAX });
  const succeeded = statusCode >= 200 && statusCode < 400;
  return { succeeded, reason: `answered ${statusCode}` };
}

function lateResult({ timeoutMs }: ProbeTarget): ProbeResult {
  return { succeeded: false, reason: `no answer within ${timeoutMs} ms` };
}

/** Codes instead of messages: the messages of connects to a name hold a list of addresses. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = error.name, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof ProbeTlsError) return `no TLS: ${code}`;
  const isConnect = syscall === "connect" || syscall === "getaddrinfo";
  return isConnect ? `cannot connect: ${code}` : `no usable answer: ${code}`;
}
