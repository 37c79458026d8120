import type { OutgoingRequest } from "../http1/outgoing-request.ts";
import { Field, fieldSet } from "../http1/field-names.ts";
import { fieldBlock, fieldLinesBlock, linesBlock, requestBlock } from "../http2/encode-head.ts";

/** Stays the same for all: trailers may come back (RFC 9113 section 8.2.2). */
const TE_TRAILERS = fieldBlock("te", "trailers");

/** An extended CONNECT has no key (RFC 8441 section 5). */
const WEB_SOCKET_DROPS = fieldSet(Field.webSocketKey);

const WEB_SOCKET_KEY_LINE = /^sec-websocket-key:[^\r]*\r\n/im;

/** The protocol that a request asks a stream to change to. "": none that there is in HTTP/2. */
export function protocolOf({ protocol }: Pick<OutgoingRequest, "protocol">): string {
  return protocol.toLowerCase() === "websocket" ? "websocket" : "";
}

/** The head of a request as the block of a HEADERS frame. `scheme`: how the endpoint is reached. */
export function blockOf(request: OutgoingRequest, scheme: "http" | "https"): string {
  const protocol = protocolOf(request);
  const isTunnel = protocol !== "";
  const method = isTunnel ? "CONNECT" : request.method;
  return (
    requestBlock(method, scheme, request.authority, request.target, protocol) +
    fieldsOf(request, isTunnel) +
    (request.takesTrailers ? TE_TRAILERS : "")
  );
}

function fieldsOf(request: OutgoingRequest, isTunnel: boolean): string {
  const { edited, dropped } = request;
  if (edited !== undefined) {
    return linesBlock(isTunnel ? edited.replace(WEB_SOCKET_KEY_LINE, "") : edited);
  }
  const left = isTunnel ? dropped | WEB_SOCKET_DROPS : dropped;
  return fieldLinesBlock(request.fields, left) + linesBlock(request.added);
}
