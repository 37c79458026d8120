import { AMBIGUOUS, Field } from "../http1/field-names.ts";
import { PseudoField, isPseudo } from "./field-checks.ts";
import type { HeaderField } from "./header-field.ts";
import type { HeaderList } from "./header-list.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";

/** RFC 9113 section 8.6: HTTP/2 has no such answer. */
const SWITCHING_PROTOCOLS = 101;

/**
 * The head of a response as it was decoded (RFC 9113 section 8.3.2). One object for each
 * connection, overwritten by the next block.
 */
export class ResponseFields {
  /** 100 to 599, never 101. */
  status = 0;
  /** As sent, also in answer to HEAD. -1: the response does not say. */
  contentLength = -1;
  /** All regular fields, in order. */
  readonly list: HeaderList;

  /** `list`: which blocks are decoded into. */
  constructor(list: HeaderList) {
    this.list = list;
  }

  /** More answers follow this one (RFC 9110 section 15.2). */
  get isInterim(): boolean {
    return this.status < 200;
  }

  /** 204 and 304 have no body, and neither has anything before them. */
  get isBodiless(): boolean {
    return this.status < 200 || this.status === 204 || this.status === 304;
  }

  /** Reads what was decoded into the list. Returns the rule that makes the response malformed. */
  read(): Http2Fault | undefined {
    this.status = 0;
    this.contentLength = -1;
    const { list } = this;
    if (list.tooLarge || list.tooMany) return FAULTS["h2-head-too-large"];
    const { count } = list;
    for (let index = 0; index < count; index += 1) {
      const field = list.at(index);
      const fault = field.fault ?? this.#take(field, index);
      if (fault !== undefined) return fault;
      if (index > 0) list.fields[index - 1] = field;
    }
    list.count = count - 1;
    const isWhole = this.status !== 0 && this.status !== SWITCHING_PROTOCOLS;
    return isWhole ? undefined : FAULTS["h2-pseudo-field"];
  }

  /** `:status` comes first and is the only one of its sort; a name that is ambiguous, never. */
  #take({ kind, number }: HeaderField, index: number): Http2Fault | undefined {
    switch (kind) {
      case PseudoField.status:
        this.status = number;
        return index === 0 ? undefined : FAULTS["h2-pseudo-field"];
      case Field.contentLength:
        if (this.contentLength !== -1) return FAULTS["h2-content-length"];
        this.contentLength = number;
        return undefined;
      case AMBIGUOUS:
        return FAULTS["h2-field-invalid"];
      default:
        return isPseudo(kind) ? FAULTS["h2-pseudo-field"] : undefined;
    }
  }
}

/** The rule that a list breaks which stands behind a body (RFC 9113 section 8.1). */
export function trailersFault(list: HeaderList): Http2Fault | undefined {
  if (list.tooLarge || list.tooMany) return FAULTS["h2-head-too-large"];
  for (let index = 0; index < list.count; index += 1) {
    const { fault, kind } = list.at(index);
    if (fault !== undefined || isPseudo(kind)) return FAULTS["h2-trailers-invalid"];
  }
  return undefined;
}
