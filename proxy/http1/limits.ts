/** Bounds of an HTTP/1 message, each with its reason. A peer that goes over one is refused. */

/** What a reader returns when the bytes end before the message part does. */
export const MORE = 0;

/** What a reader returns when the bytes break a rule; its `refusal` says which. */
export const REFUSED = -1;

/** Request line with its CRLF, in bytes. RFC 9112 section 3 asks for at least 8000. */
export const REQUEST_LINE_BYTES_MAX = 8 * 1024;

/** Whole request head in bytes: twice what common servers accept, so that we are not the limit. */
export const REQUEST_HEAD_BYTES_MAX = 32 * 1024;

/** Whole response head in bytes. Upstreams are trusted, so large cookies and policies pass. */
export const RESPONSE_HEAD_BYTES_MAX = 64 * 1024 - 1;

/** Field lines of the head of a request, or of a trailer section. */
export const FIELDS_MAX = 100;

/** Field lines of the head of a response: some applications set a cookie for every setting. */
export const RESPONSE_FIELDS_MAX = 256;

/** Longest method in bytes. The longest registered one has 17. */
export const METHOD_BYTES_MAX = 32;

/** Empty lines before a request line: some old clients send one after a body (RFC 9112 2.2). */
export const EMPTY_LINES_MAX = 2;

/** Options of all Connection lines together: each is looked for among all fields. */
export const CONNECTION_OPTIONS_MAX = 32;

/** Hexadecimal digits of a chunk size: 13 stay below 2^53, so that sizes are exact numbers. */
export const CHUNK_SIZE_DIGITS_MAX = 13;

/** Extension bytes of one chunk. Nobody needs any; the grammar allows them. */
export const CHUNK_EXTENSION_BYTES_MAX = 256;

/** Extension bytes of one body: unbounded ones cost CPU for no payload (CVE-2024-22019). */
export const CHUNK_EXTENSIONS_BYTES_MAX = 16 * 1024;

/** Longest X-Request-Id that is kept, in bytes: it goes into logs. */
export const REQUEST_ID_BYTES_MAX = 128;
