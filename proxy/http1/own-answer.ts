const REASON_PHRASES: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  417: "Expectation Failed",
  421: "Misdirected Request",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  508: "Loop Detected",
};

/** An answer that no endpoint gave. Every protocol encodes it in its own way. */
export type OwnAnswer = {
  readonly status: number;
  /** Field lines with their CRLF. */
  readonly fields: string;
  /** The Connection field of HTTP/1.1 as a line. "": none. */
  readonly connection: string;
  /** As latin1 text: one character a byte. "": none. */
  readonly body: string;
};

/** An own answer as HTTP/1.1. */
export function answerText({ status, fields, connection, body }: OwnAnswer): string {
  return `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? ""}\r\n${fields}${connection}\r\n${body}`;
}
