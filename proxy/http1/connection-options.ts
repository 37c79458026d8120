import { COMMA, TOKEN, commaAt, equalsFolded, skipBlanks } from "./bytes.ts";
import type { FieldLines } from "./field-lines.ts";
import { AMBIGUOUS, Field, HOP_BY_HOP, fieldKind, fieldSet } from "./field-names.ts";
import { CONNECTION_OPTIONS_MAX } from "./limits.ts";

const READ = fieldSet(Field.connection, Field.proxyConnection);
/** Some take Proxy-Connection for Connection: anything else in it counts as close. */
const KEEP_ALIVE = Buffer.from("keep-alive", "latin1");
const CLOSE = Buffer.from("close", "latin1");

/** What the Connection lines of a head ask for (RFC 9110 section 7.6.1). */
export class ConnectionOptions {
  close = false;
  keepAlive = false;
  upgrade = false;
  /** Options that name a field which we, routing or authentication rely on: it stays. */
  protectedNamesIgnored = 0;

  #options = 0;

  /**
   * Reads the Connection lines and marks the fields that they name as Field.named. What stands
   * between two commas and is not a token asks for nothing, but if it begins with `close` the
   * connection closes, which is never wrong. false: there are too many options.
   */
  read(fields: FieldLines, bytes: Buffer, head: number): boolean {
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.protectedNamesIgnored = 0;
    this.#options = 0;
    return (fields.seen & READ) === 0 || this.#readLines(fields, bytes, head);
  }

  #readLines(fields: FieldLines, bytes: Buffer, head: number): boolean {
    for (let index = 0; index < fields.count; index += 1) {
      const kind = fields.kind(index);
      if (kind === Field.connection && !this.#readLine(fields, index, bytes, head)) {
        return false;
      }
      if (kind === Field.proxyConnection) {
        const from = head + fields.valueStart(index);
        this.close ||= !equalsFolded(bytes, from, head + fields.valueEnd(index), KEEP_ALIVE);
      }
    }
    return true;
  }

  #readLine(fields: FieldLines, index: number, bytes: Buffer, head: number): boolean {
    const end = head + fields.valueEnd(index);
    let at = head + fields.valueStart(index);
    while (at < end) {
      const from = skipBlanks(bytes, at, end);
      const to = tokenEnd(bytes, from, end);
      at = skipBlanks(bytes, to, end);
      if (at < end && bytes[at] !== COMMA) {
        this.close ||= equalsFolded(bytes, from, to, CLOSE);
        at = commaAt(bytes, at, end);
        // Empty elements are fine (RFC 9110 section 5.6.1.2).
      } else if (to > from && !this.#isOwn(bytes, from, to)) {
        fields.markNamed(bytes, head, from, to);
      }
      at += 1;
      this.#options += 1;
      if (this.#options > CONNECTION_OPTIONS_MAX) {
        return false;
      }
    }
    return true;
  }

  /** Takes the option bytes[from, to). Returns false if it may name a field that ends here. */
  #isOwn(bytes: Buffer, from: number, to: number): boolean {
    const kind = fieldKind(bytes, from, to);
    if (kind === Field.other || kind === AMBIGUOUS) {
      this.close ||= equalsFolded(bytes, from, to, CLOSE);
      return false;
    }
    this.keepAlive ||= kind === Field.keepAlive;
    this.upgrade ||= kind === Field.upgrade;
    this.protectedNamesIgnored += ((HOP_BY_HOP >>> kind) & 1) === 0 ? 1 : 0;
    return true;
  }
}

function tokenEnd(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && TOKEN[bytes[at] as number] === 1) {
    at += 1;
  }
  return at;
}
