import { AMBIGUOUS, Field } from "../http1/field-names.ts";
import { REFUSALS } from "../http1/refusal.ts";
import type { Refusal } from "../http1/refusal.ts";
import { PseudoField, isPseudo } from "./field-checks.ts";
import type { HeaderField } from "./header-field.ts";
import type { HeaderList } from "./header-list.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";

/**
 * The head of a request as it was decoded (RFC 9113 section 8.3.1). One object for each connection,
 * overwritten by the next block.
 */
export class RequestFields {
  /** As sent: a token. */
  method = "";
  /** `http` or `https`; "" for CONNECT without a protocol. */
  scheme = "";
  /** `:authority`, or Host without it. */
  authority = "";
  /** Path and query, or `*`; "" for CONNECT without a protocol. */
  path = "";
  /** Of an extended CONNECT (RFC 8441 section 4), as sent. "": it is none. */
  protocol = "";
  /** As sent. -1: the request does not say. */
  contentLength = -1;
  /** All Cookie fields, joined (RFC 9113 section 8.2.3). "": none. */
  cookie = "";
  /** It is well-formed, but is to be answered with this. */
  refusal: Refusal | undefined;
  /** All other fields, in order: no pseudo-fields, no Host, no Cookie. */
  readonly list: HeaderList;

  #host: string | undefined;
  /** Pseudo-fields that came, one bit each. */
  #seen = 0;
  #kept = 0;

  /** `list`: which blocks are decoded into. */
  constructor(list: HeaderList) {
    this.list = list;
  }

  /** Reads what was decoded into the list. Returns the rule that makes the request malformed. */
  read(): Http2Fault | undefined {
    this.#clear();
    const { list } = this;
    const { count } = list;
    for (let index = 0; index < count; index += 1) {
      const field = list.at(index);
      const fault = field.fault ?? this.#take(field);
      if (fault !== undefined) return fault;
    }
    list.count = this.#kept;
    // What was left out may be what is missing.
    if (list.tooLarge || list.tooMany) return this.#refuseSize();
    return this.#finish();
  }

  /** Whether it is to become a tunnel (RFC 8441 section 4). */
  get isExtendedConnect(): boolean {
    return this.protocol !== "";
  }

  #clear(): void {
    this.method = "";
    this.scheme = "";
    this.authority = "";
    this.path = "";
    this.protocol = "";
    this.contentLength = -1;
    this.cookie = "";
    this.refusal = undefined;
    this.#host = undefined;
    this.#seen = 0;
    this.#kept = 0;
  }

  #take(field: HeaderField): Http2Fault | undefined {
    switch (field.kind) {
      case Field.host:
        return this.#takeHost(field);
      case Field.cookie:
        this.cookie = this.cookie === "" ? field.value : `${this.cookie}; ${field.value}`;
        // A crumb on its own says nothing, but it is a regular field: no pseudo-field follows it.
        this.#seen |= REGULAR;
        return undefined;
      case Field.contentLength:
        if (this.contentLength !== -1) return FAULTS["h2-content-length"];
        this.contentLength = field.number;
        break;
      case AMBIGUOUS:
        this.refusal = REFUSALS["field-name-ambiguous"];
        break;
      default:
        if (isPseudo(field.kind)) return this.#takePseudo(field);
    }
    this.#seen |= REGULAR;
    this.list.fields[this.#kept] = field;
    this.#kept += 1;
    return undefined;
  }

  #takeHost(field: HeaderField): Http2Fault | undefined {
    if (this.#host !== undefined) return FAULTS["h2-authority"];
    this.#host = field.value;
    this.#seen |= REGULAR;
    return undefined;
  }

  /** Each comes once, and before all regular fields (RFC 9113 section 8.3). */
  #takePseudo({ kind, value }: HeaderField): Http2Fault | undefined {
    const bit = bitOf(kind);
    if ((this.#seen & (bit | REGULAR)) !== 0) return FAULTS["h2-pseudo-field"];
    this.#seen |= bit;
    switch (kind) {
      case PseudoField.method:
        this.method = value;
        return undefined;
      case PseudoField.scheme:
        this.scheme = value;
        return undefined;
      case PseudoField.authority:
        this.authority = value;
        return undefined;
      case PseudoField.path:
        this.path = value;
        return undefined;
      case PseudoField.protocol:
        this.protocol = value;
        return undefined;
      default:
        return FAULTS["h2-pseudo-field"];
    }
  }

  #refuseSize(): undefined {
    this.refusal = REFUSALS[this.list.tooLarge ? "head-too-large" : "too-many-fields"];
    return undefined;
  }

  #finish(): Http2Fault | undefined {
    const host = this.#host;
    if ((this.#seen & bitOf(PseudoField.authority)) === 0) this.authority = host ?? "";
    // RFC 9113 section 8.3.1: two names for whom it is for.
    else if (host !== undefined && !isSameHost(host, this.authority)) {
      return FAULTS["h2-authority"];
    }
    if (this.authority === "") return FAULTS["h2-authority"];
    if (this.method === "CONNECT" && this.protocol === "") return this.#finishConnect();
    if ((this.#seen & REQUIRED) !== REQUIRED) return FAULTS["h2-pseudo-field"];
    if (this.protocol !== "" && this.method !== "CONNECT") return FAULTS["h2-pseudo-field"];
    if (this.path === "*" && this.method !== "OPTIONS") return FAULTS["h2-path"];
    if (this.scheme !== "http" && this.scheme !== "https") {
      this.refusal ??= REFUSALS["target-invalid"];
    }
    return undefined;
  }

  /** RFC 9113 section 8.5: it has neither scheme nor path. We are no such proxy. */
  #finishConnect(): Http2Fault | undefined {
    if (this.scheme !== "" || this.path !== "") return FAULTS["h2-pseudo-field"];
    this.refusal ??= REFUSALS["method-refused"];
    return undefined;
  }
}

/** A regular field has come; below the bits of pseudo-fields. */
const REGULAR = 1;
const REQUIRED = bitOf(PseudoField.method) | bitOf(PseudoField.scheme) | bitOf(PseudoField.path);

function bitOf(kind: number): number {
  return 2 << (kind - PseudoField.method);
}

/** Names of hosts have no case (RFC 3986 section 3.2.2). */
function isSameHost(one: string, other: string): boolean {
  return one === other || one.toLowerCase() === other.toLowerCase();
}
