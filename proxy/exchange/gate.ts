import type { AnswerDraft } from "../filters/filter-answer.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { CompiledActions } from "../table/compiled-actions.ts";
import type { RateLimits } from "../upstream/rate-limits.ts";
import type { ExchangeDeps } from "./deps.ts";
import type { AnswerNote } from "./answer-note.ts";
import type { Destination } from "./destination.ts";
import { filterRequest } from "./filtering.ts";
import type { RequestForwarder } from "./forward-request.ts";
import { injectedAbort, injectedDelayMs } from "./injected-faults.ts";
import type { LimitFields } from "./limit-fields.ts";
import type { ProxyError } from "./respond.ts";
import { rewriteRequest, routeAnswer } from "./route-acts.ts";

/** A request in front of its service, and where its limits are noted. */
export type Arriving = {
  readonly head: RequestHead;
  readonly request: RequestForwarder;
  readonly peer: { readonly address: string };
  readonly limits: LimitFields;
  /** Where it is noted who has answered. */
  readonly note: AnswerNote;
};

/** Whether nobody has a say in it: then it costs nothing, as with most requests. */
export function isOpenTo({ live, route, filters }: Destination): boolean {
  return live?.rateLimits === undefined && route?.actions === undefined && filters === undefined;
}

type Verdict = "go" | ProxyError | AnswerDraft;

/**
 * Whether a request may go to its service: it is within its rate limits, its route does not answer
 * it, and neither does a filter. Both may change it. Otherwise the answer.
 */
export function askGate(to: Destination, arriving: Arriving, deps: ExchangeDeps): Verdict {
  const limits = to.live?.rateLimits;
  if (limits !== undefined && !isWithin(limits, to, arriving, deps)) return "rate-limited";
  const actions = to.route?.actions;
  if (actions !== undefined) {
    const answer = acts(actions, to, arriving, deps);
    if (answer !== undefined) return answer;
  }
  if (to.filters === undefined) return "go";
  const verdict = filterRequest(to, arriving.head, arriving.request);
  if (typeof verdict !== "string") arriving.note.by = "filter";
  return verdict === "failed" ? "filter-failed" : verdict;
}

function isWithin(
  limits: RateLimits,
  to: Destination,
  { head: request, peer: { address }, limits: fields }: Arriving,
  { clock, policyCounts }: ExchangeDeps,
): boolean {
  fields.clear();
  const exceeded = limits.take(to.route, { request, address, nowMs: clock.nowMs() }, fields.add);
  if (exceeded === undefined) return true;
  policyCounts.add(to.live?.name ?? "", `limited:${exceeded}`);
  return false;
}

function acts(
  actions: CompiledActions,
  to: Destination,
  { head, request: { outgoing }, note }: Arriving,
  { random, policyCounts }: ExchangeDeps,
): AnswerDraft | undefined {
  const service = to.live?.name ?? "";
  const own = routeAnswer(actions, head, outgoing) ?? injectedAbort(actions, random);
  if (own !== undefined) {
    policyCounts.add(service, own.counted);
    note.by = "route";
    if (own.counted === "fault:abort") note.why = "fault-abort";
    return own.answer;
  }
  to.holdMs = injectedDelayMs(actions, random);
  if (to.holdMs > 0) policyCounts.add(service, "fault:delay");
  rewriteRequest(actions, head, outgoing);
  return undefined;
}
