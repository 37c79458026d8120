import { DROPPED_FROM_INTERIM } from "../http1/rewrite-response.ts";
import type { ViaLines } from "../http1/rewrite-response.ts";
import type { OutgoingResponse } from "../http1/outgoing-response.ts";
import type { OwnAnswer } from "../http1/own-answer.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { fieldLinesBlock, linesBlock, statusBlock } from "../http2/encode-head.ts";

/** It answers a key that a handshake of HTTP/2 does not have (RFC 8441 section 5). */
const ACCEPT = /^sec-websocket-accept:.*\r\n/im;

/** The header block of a final response, or of the 101 that opens a WebSocket, which is a 200. */
export function responseBlock(response: OutgoingResponse): string {
  if (response.status === 101) return statusBlock(200) + linesBlock(openingLines(response));
  const { edited } = response;
  if (edited !== undefined) return statusBlock(response.status) + linesBlock(edited);
  return (
    statusBlock(response.status) +
    fieldLinesBlock(response.fields, response.dropped) +
    linesBlock(response.added)
  );
}

/** The header block of an interim response. */
export function interimBlock(head: ResponseHead, via: ViaLines): string {
  return (
    statusBlock(head.status) +
    fieldLinesBlock(head.fields, DROPPED_FROM_INTERIM) +
    linesBlock(via[head.version])
  );
}

/** The header block of an answer that no endpoint gave. */
export function answerBlock({ status, fields }: OwnAnswer): string {
  return statusBlock(status) + linesBlock(fields);
}

function openingLines(response: OutgoingResponse): string {
  const text = response.text();
  return text.slice(text.indexOf("\r\n") + 2, -2).replace(ACCEPT, "");
}
