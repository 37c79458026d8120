import { orLate } from "../../proxy/base/deadline.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import { grpcProber } from "./grpc-probe.ts";
import { httpProber } from "./http-probe.ts";
import type { Prober, ProbeResult, ProbeTarget } from "./probe-target.ts";
import { ProbeTlsError } from "./probe-tls.ts";
import { tcpProber } from "./tcp-probe.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/**
 * Asks an endpoint once, over a connection of its own: a kept connection would not show whether new
 * ones can be opened. Ends early, with a failure, when `signal` is aborted. Never rejects.
 */
export async function probe(
  clock: Clock,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const prober = await proberFor(target);
  try {
    signal.throwIfAborted();
    const answer = prober.ask();
    return await orLate(answer, target.timeoutMs, clock, () => lateResult(target), signal);
  } catch (error) {
    return { succeeded: false, reason: reasonOf(error) };
  } finally {
    await prober.close();
  }
}

async function proberFor({ question, ...target }: ProbeTarget): Promise<Prober> {
  switch (question.kind) {
    case "grpc":
      return grpcProber({ ...target, question });
    case "tcp":
      return tcpProber({ ...target, question });
    case "http":
      return httpProber({ ...target, question });
  }
}

function lateResult({ timeoutMs }: ProbeTarget): ProbeResult {
  return { succeeded: false, reason: `no answer within ${timeoutMs} ms` };
}

/** Codes instead of messages: the messages of connects to a name hold a list of addresses. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return errorText(error);
  const { code = error.name, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof ProbeTlsError) return `no TLS: ${code}`;
  const isConnect = syscall === "connect" || syscall === "getaddrinfo";
  return isConnect ? `cannot connect: ${code}` : `no usable answer: ${code}`;
}
