import type { AnswerDraft } from "../filters/filter-answer.ts";
import type { FilterChain } from "../filters/filter-chain.ts";
import { HeadDraft } from "../filters/head-draft.ts";
import type { OutgoingResponse } from "../http1/outgoing-response.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { Destination } from "./destination.ts";
import type { RequestForwarder } from "./forward-request.ts";

/**
 * go: the request continues. failed: a filter with onError closed has failed. Otherwise: answer
 * this.
 */
export type FilterVerdict = "go" | "failed" | AnswerDraft;

/**
 * Shows a request as it goes upstream to the filters of its service. What they change is in the
 * head that goes there, and the version that they choose in the destination.
 */
export function filterRequest(
  to: Destination,
  head: RequestHead,
  request: RequestForwarder,
): FilterVerdict {
  if (to.filters === undefined || to.live === undefined) return "go";
  const { versions } = to.live.table;
  const { method, path, queryString: query } = head;
  const { outgoing } = request;
  const text = outgoing.text();
  const draft = new HeadDraft(text);
  const facts = { method, path, query, versions: versions.map(({ name }) => name) };
  if (!to.filters.request(draft, facts)) return "failed";
  if (draft.answer !== undefined) return draft.answer;
  const edited = draft.editor.toText();
  if (edited !== text) outgoing.edit(edited);
  to.named = versions.find(({ name }) => name === draft.version);
  return "go";
}

/** Shows a response to the filters. false: a filter with onError closed has failed. */
export function filterResponse(chain: FilterChain, outgoing: OutgoingResponse): boolean {
  const text = outgoing.text();
  const draft = new HeadDraft(text);
  if (!chain.response(draft, outgoing.status)) return false;
  const edited = draft.editor.toText();
  if (edited !== text) outgoing.edit(edited);
  return true;
}
