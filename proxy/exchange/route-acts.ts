import type { OwnAnswer } from "../http1/own-answer.ts";
import type { OutgoingRequest } from "../http1/outgoing-request.ts";
import type { OutgoingResponse } from "../http1/outgoing-response.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { CompiledActions, ReadyAnswer } from "../table/compiled-actions.ts";
import { editedHead, editedLines, headEdit, joinedEdit } from "../table/head-edit.ts";
import type { HeadEdit } from "../table/head-edit.ts";
import { rewrittenPath } from "../table/rewritten-path.ts";

/** An answer of a route, and the word of ServiceCounts that it counts as. */
export type RouteAnswer = { readonly counted: string; readonly answer: ReadyAnswer };

/** What the route answers instead of an endpoint. undefined: nothing, the request goes on. */
export function routeAnswer(
  actions: CompiledActions,
  head: RequestHead,
  outgoing: OutgoingRequest,
): RouteAnswer | undefined {
  const preflight = actions.cors?.preflight(head);
  if (preflight !== undefined) {
    return { counted: "answer:preflight", answer: { status: 204, fields: preflight, body: "" } };
  }
  const location = redirectTarget(actions, head, outgoing);
  if (location !== undefined) {
    const { status = 307 } = actions.redirect ?? {};
    const fields = `Location: ${location}\r\n`;
    return { counted: "answer:redirect", answer: { status, fields, body: "" } };
  }
  return actions.answer && { counted: "answer:fixed", answer: actions.answer };
}

/** Changes the request as the route says, before filters see it. */
export function rewriteRequest(
  actions: CompiledActions,
  head: RequestHead,
  outgoing: OutgoingRequest,
): void {
  const { rewrite, request } = actions;
  if (rewrite !== undefined) {
    const path = rewrite.path === undefined ? undefined : pathFor(actions, head, rewrite.path);
    const target = path === undefined ? outgoing.target : path + queryOf(head);
    const authority = rewrite.host ?? outgoing.authority;
    const edited = editedHead(outgoing.text(), hostEdit(authority));
    const line = `${outgoing.method} ${target} HTTP/1.1`;
    outgoing.edit(line + edited.slice(edited.indexOf("\r\n")));
    outgoing.retarget(target, authority);
  }
  if (request !== undefined) outgoing.edit(editedHead(outgoing.text(), request));
}

/** Changes an endpoint's answer as the route says, after filters have seen it. */
export function rewriteResponse(
  actions: CompiledActions,
  head: RequestHead,
  outgoing: OutgoingResponse,
): void {
  const edit = answerEdit(actions, head);
  if (edit !== undefined) outgoing.edit(editedHead(outgoing.text(), edit));
}

/** An answer of our own as the route has it: browsers read errors by the same rules. */
export function rewriteOwn(
  answer: OwnAnswer,
  actions: CompiledActions,
  head: RequestHead,
): OwnAnswer {
  const edit = answerEdit(actions, head);
  return edit === undefined ? answer : { ...answer, fields: editedLines(answer.fields, edit) };
}

function answerEdit({ response, cors }: CompiledActions, head: RequestHead): HeadEdit | undefined {
  // The answer to a preflight has everything already.
  if (cors === undefined || cors.preflight(head) !== undefined) return response;
  return joinedEdit(response, cors.edit(head));
}

function hostEdit(authority: string): HeadEdit {
  return headEdit({ removed: ["host"], added: [["Host", authority]] });
}

/** Where the client is sent. undefined: nowhere else, or it is there already. */
function redirectTarget(
  actions: CompiledActions,
  head: RequestHead,
  outgoing: OutgoingRequest,
): string | undefined {
  const { redirect } = actions;
  if (redirect === undefined) return undefined;
  const is = `${schemeOf(head, outgoing)}://${outgoing.authority}`;
  const scheme = redirect.scheme ?? schemeOf(head, outgoing);
  const host = redirect.host ?? hostOf(outgoing.authority);
  const isElsewhere = redirect.scheme !== undefined || redirect.host !== undefined;
  const port = redirect.port ?? (isElsewhere ? undefined : portOf(outgoing.authority));
  const origin = `${scheme}://${host}${port === undefined ? "" : `:${port}`}`;
  const path = redirect.path === undefined ? head.rawPath : pathFor(actions, head, redirect.path);
  const isThere = isSameOrigin(is, origin) && path === head.rawPath;
  return isThere ? undefined : origin + (path === "" ? "/" : path) + queryOf(head);
}

/** As the client sees it: a trusted peer may have ended TLS for us. */
function schemeOf(head: RequestHead, { rewrite }: OutgoingRequest): string {
  const told = rewrite.trusted ? head.header("x-forwarded-proto") : undefined;
  return told?.toLowerCase() ?? rewrite.proto;
}

function hostOf(authority: string): string {
  return authority.replace(/:\d*$/, "");
}

function portOf(authority: string): number | undefined {
  const port = /:(\d+)$/.exec(authority)?.[1];
  return port === undefined ? undefined : Number(port);
}

function isSameOrigin(one: string, other: string): boolean {
  const [first, second] = [one, other].map((origin) => URL.parse(origin)?.origin ?? origin);
  return first === second;
}

function pathFor({ path: match }: CompiledActions, head: RequestHead, path: string): string {
  return rewrittenPath({ raw: head.rawPath, path: head.path }, match, path);
}

function queryOf(head: RequestHead): string {
  return head.queryString === "" ? "" : `?${head.queryString}`;
}
