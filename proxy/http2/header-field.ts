import { latin1 } from "../base/latin1.ts";
import { fieldFault, fieldNumber, kindOfName } from "./field-checks.ts";
import type { Http2Fault } from "./reasons.ts";

/** What RFC 7541 section 4.1 adds to the length of each field. */
const OVERHEAD_BYTES = 32;

/**
 * A field as it was decoded, with all that is known of it by itself. It is checked once, when it
 * comes: one that stays in the peer's table comes again for nothing.
 */
export class HeaderField {
  readonly name: string;
  readonly value: string;
  /** What it is known by: a number of Field or PseudoField, AMBIGUOUS, or below: no valid name. */
  readonly kind: number;
  /** The rule that it breaks by itself. */
  readonly fault: Http2Fault | undefined;
  /** What a Content-Length or `:status` says. 0 for all others. */
  readonly number: number;
  /** Its size in a table or a list (RFC 7541 section 4.1, RFC 9113 section 6.5.2). */
  readonly bytes: number;
  /** Its sender wants it in no table, all the way (RFC 7541 section 6.2.3). */
  isSensitive = false;
  /** Its form in a header block, kept here by encode-head.ts. "": not made yet. */
  block = "";
  /** How often that was asked for. */
  uses = 0;
  #line = "";

  /** The value is bytes[from, to). */
  constructor(name: string, kind: number, bytes: Buffer, from: number, to: number) {
    this.name = name;
    this.kind = kind;
    this.value = latin1(bytes, from, to);
    this.fault = fieldFault(kind, bytes, from, to);
    this.number = fieldNumber(kind, bytes, from, to);
    this.bytes = name.length + to - from + OVERHEAD_BYTES;
  }

  /** As HTTP/1.1 has it, with its CRLF. */
  get line(): string {
    if (this.#line === "") this.#line = `${this.name}: ${this.value}\r\n`;
    return this.#line;
  }
}

/** The field with this name and value, both latin1 text. */
export function headerField(name: string, value: string): HeaderField {
  const bytes = Buffer.from(name + value, "latin1");
  const kind = kindOfName(bytes, 0, name.length);
  return new HeaderField(name, kind, bytes, name.length, bytes.length);
}
