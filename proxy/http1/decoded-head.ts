/** Heads that came decoded, as HTTP/2 has them. Valid only while they are handed over. */

/** A field that came decoded: its name is in lower case, its value without blanks around it. */
export type DecodedField = {
  readonly name: string;
  readonly value: string;
  /** What it is known by: a number of Field. */
  readonly kind: number;
  /** `name: value` with its CRLF. */
  readonly line: string;
  /** Its sender wants it in no table, all the way (RFC 7541 section 7.1.3). Absent: no. */
  readonly isSensitive?: boolean;
};

/** The first `count` of `fields`, in the order in which they were sent. */
export type DecodedFields = { readonly fields: readonly DecodedField[]; readonly count: number };

/**
 * The head of a request, whose fields keep the rules of RFC 9113 section 8.2: there are no fields
 * for a connection, and neither Host nor Cookie is among them.
 */
export type DecodedRequest = {
  readonly method: string;
  /** "": neither an authority nor a Host. */
  readonly authority: string;
  readonly path: string;
  /** The protocol that an extended CONNECT asks for (RFC 8441). "": it is another request. */
  readonly protocol: string;
  /** -1: none. */
  readonly contentLength: number;
  /** All its cookies (RFC 9113 section 8.2.3). "": none. */
  readonly cookie: string;
  readonly list: DecodedFields;
};

/** The head of a response, interim ones too. */
export type DecodedResponse = {
  /** 100 to 599. */
  readonly status: number;
  /** -1: none. */
  readonly contentLength: number;
  readonly list: DecodedFields;
};
