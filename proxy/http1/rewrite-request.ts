import { TOLERATED } from "../table/tolerance.ts";
import { Field, FORWARDED, HOP_BY_HOP, fieldSet } from "./field-names.ts";
import type { ForwardedFields, RequestSource } from "./forwarded-fields.ts";
import type { RequestHead } from "./request-head.ts";

/**
 * What we add to a request. One object for each client connection, whose fields the caller sets.
 * All texts go out as they are: the caller guarantees that they are valid field values.
 */
export type RequestRewrite = RequestSource & {
  /** Used when head.requestId is undefined. */
  requestId: string;
  /** The Host of an HTTP/1.0 request that has none. */
  hostIfAbsent: string;
  /** X-Forwarded-Client-Cert as a field line. "": nothing is said of the client's certificate. */
  clientCert: string;
  /** Of this object alone. */
  readonly forwarded: ForwardedFields;
  /** The value of grpc-timeout by now. undefined: it has none. */
  timeoutLeft: (() => string) | undefined;
  /** traceparent and tracestate as field lines. "": what the client says of them stays. */
  traceLines: string;
};

/** What is said of a client's certificate is dropped, whoever says it: only we have seen it. */
const DROPPED =
  HOP_BY_HOP | fieldSet(Field.proxyAuthorization, Field.xForwardedFor, Field.clientCert);
const HOST = fieldSet(Field.host);
const REQUEST_ID = fieldSet(Field.xRequestId);
const EXPECT = fieldSet(Field.expect);
const TRAILER = fieldSet(Field.trailer);
const CONTENT_LENGTH = fieldSet(Field.contentLength);
const LENGTH_TWICE = TOLERATED["equal-content-length-twice"];
const GRPC_TIMEOUT = fieldSet(Field.grpcTimeout);
const MAX_FORWARDS = fieldSet(Field.maxForwards);
const TRACE = fieldSet(Field.trace);

/**
 * The head that goes upstream, final CRLF included, as latin1 text: the request as sent, without
 * what ends here (RFC 9110 section 7.6.1), and with our own fields last. Always HTTP/1.1, because
 * it is our own message (RFC 9110 section 2.5). Framing stays as it was sent.
 */
export function requestHeadForUpstream(head: RequestHead, rewrite: RequestRewrite): string {
  const { fields, line } = head;
  const { requestId } = head;
  const dropped = droppedFromRequest(head, rewrite, requestId);
  const isLineKept = head.version !== "1.0" && line.target.authorityStart === 0;
  const kept = fields.textWithout(dropped, isLineKept ? line.start : fields.start);
  return (
    (isLineKept ? kept : beginning(head, rewrite.hostIfAbsent) + kept) +
    addedToRequest(head, rewrite, requestId) +
    (isChunkedByUs(head) ? "Transfer-Encoding: chunked\r\n" : "") +
    connectionFields(head)
  );
}

/** Its body came without chunks and without a length, so that we make chunks of it. */
export function isChunkedByUs({ framing, fields }: RequestHead): boolean {
  return framing === "told" && !fields.has(Field.contentLength);
}

/** The kinds of fields that do not go upstream, as a fieldSet. `requestId`: that of the head. */
export function droppedFromRequest(
  head: RequestHead,
  { trusted, timeoutLeft, traceLines }: RequestRewrite,
  requestId: string | undefined,
): number {
  return (
    DROPPED |
    (timeoutLeft === undefined ? 0 : GRPC_TIMEOUT) |
    (traceLines === "" ? 0 : TRACE) |
    (trusted ? 0 : FORWARDED) |
    (requestId === undefined ? REQUEST_ID : 0) |
    (head.line.target.authorityStart === 0 ? 0 : HOST) |
    // A meaningless Expect must not make the upstream send a 100 that nobody waits for.
    (head.expectsContinue ? 0 : EXPECT) |
    (head.takesTrailers ? 0 : TRAILER) |
    ((head.violations & LENGTH_TWICE) === 0 ? 0 : CONTENT_LENGTH) |
    (head.maxForwards === -1 ? 0 : MAX_FORWARDS)
  );
}

/** Our own field lines, but for those about one connection. `requestId`: that of the head. */
export function addedToRequest(
  head: RequestHead,
  rewrite: RequestRewrite,
  requestId: string | undefined,
): string {
  const ownId = requestId === undefined ? `X-Request-Id: ${rewrite.requestId}\r\n` : "";
  return (
    rewrite.forwarded.textFor(head, rewrite) +
    rewrite.clientCert +
    rewrite.traceLines +
    ownId +
    (rewrite.timeoutLeft === undefined ? "" : `grpc-timeout: ${rewrite.timeoutLeft()}\r\n`) +
    framingFields(head)
  );
}

/** The request line if it cannot stay as sent, and the Host that the target implies. */
function beginning(head: RequestHead, hostIfAbsent: string): string {
  const line = `${head.method} ${targetForUpstream(head)} HTTP/1.1\r\n`;
  if (head.line.target.authorityStart !== 0) {
    return `${line}Host: ${head.authority}\r\n`;
  }
  return head.authority === "" ? `${line}Host: ${hostIfAbsent}\r\n` : line;
}

/** Origin-form, or `*` (RFC 9112 sections 3.2.1 and 3.2.4). */
export function targetForUpstream(head: RequestHead): string {
  if (head.asteriskForm) {
    return "*";
  }
  const target = head.fields.text.slice(head.line.target.pathStart, head.line.target.end);
  return target.startsWith("/") ? target : `/${target}`;
}

/** RFC 9110 sections 7.6.2 and 8.6. */
function framingFields(head: RequestHead): string {
  const isOwn =
    (head.framing === "none" && head.line.method.expectsBody) ||
    (head.violations & LENGTH_TWICE) !== 0;
  const length = isOwn ? `Content-Length: ${head.contentLength}\r\n` : "";
  return head.maxForwards > 0 ? `${length}Max-Forwards: ${head.maxForwards - 1}\r\n` : length;
}

/**
 * What we and the upstream agree on for this connection, with the empty line that ends the head.
 */
function connectionFields(head: RequestHead): string {
  const { takesTrailers, upgrade } = head;
  if (upgrade !== undefined) {
    return takesTrailers
      ? `Connection: Upgrade, TE\r\nUpgrade: ${upgrade}\r\nTE: trailers\r\n\r\n`
      : `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`;
  }
  return takesTrailers ? "Connection: TE\r\nTE: trailers\r\n\r\n" : "\r\n";
}
