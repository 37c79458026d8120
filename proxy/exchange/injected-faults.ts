import type { Random } from "../base/random.ts";
import type { CompiledActions } from "../table/compiled-actions.ts";
import type { RouteAnswer } from "./route-acts.ts";

/** The answer that a route gives on purpose in the place of an endpoint's. undefined: none. */
export function injectedAbort(
  { faults }: CompiledActions,
  random: Random,
): RouteAnswer | undefined {
  const abort = faults?.abort;
  if (abort === undefined || !happens(abort.percent, random)) return undefined;
  const body = "The request was aborted on purpose\n";
  const fields = "Content-Type: text/plain\r\n";
  return { counted: "fault:abort", answer: { status: abort.status, fields, body } };
}

/** How long a request waits on purpose, in ms. 0: not at all. */
export function injectedDelayMs({ faults }: CompiledActions, random: Random): number {
  const delay = faults?.delay;
  return delay !== undefined && happens(delay.percent, random) ? delay.forMs : 0;
}

function happens(percent: number, random: Random): boolean {
  return random.next() * 100 < percent;
}
