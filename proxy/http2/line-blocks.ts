import { latin1 } from "../base/latin1.ts";
import { encodeField, encodeFieldShort, isCredential } from "./hpack-encoder.ts";

/** Lines of a generation. Two are kept, so that the older half is let go of at once. */
const LINES_MAX = 512;
/** Longer lines are not kept: there are few of them, and each is another one. */
const LINE_LENGTH_MAX = 160;
/** Names of fields whose values are never the same again. */
const VARYING: ReadonlySet<string> = new Set(["traceparent", "x-request-id"]);
/**
 * Names of fields that have no place in HTTP/2: they are about a connection of HTTP/1.1 (RFC 9113
 * section 8.2.2), or Host, in whose place `:authority` is, or TE, which only the next hop is told.
 */
const UNKNOWN_TO_HTTP2: ReadonlySet<string> = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** A line's form in a header block, and how often it was asked for. */
type KnownLine = { block: string; uses: number };

/**
 * Field lines of HTTP/1.1 as fields of a header block, kept as long as they come again. One for all
 * connections of a worker: encoding has no state.
 */
export class LineBlocks {
  #young = new Map<string, KnownLine>();
  #old = new Map<string, KnownLine>();

  /**
   * The field of `line`, which is latin1 text and has no CRLF; its name may have upper case. "": it
   * has no place in HTTP/2. `line` may be a slice of a longer text.
   */
  get(line: string): string {
    const known = this.#young.get(line) ?? this.#promoted(line);
    if (known === undefined) return this.#add(line);
    known.uses += 1;
    // Only what comes again is worth the time.
    if (known.uses === 2) known.block = blockOf(line, encodeFieldShort);
    return known.block;
  }

  /** A line of the older half, which is then one of the younger. */
  #promoted(line: string): KnownLine | undefined {
    const known = this.#old.get(line);
    if (known !== undefined) this.#keep(line, known);
    return known;
  }

  #add(line: string): string {
    const block = blockOf(line, encodeField);
    const name = nameOf(line);
    if (line.length <= LINE_LENGTH_MAX && !VARYING.has(name) && !isCredential(name)) {
      this.#keep(line, { block: flat(block), uses: 1 });
    }
    return block;
  }

  #keep(line: string, known: KnownLine): void {
    if (this.#young.size === LINES_MAX) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(flat(line), known);
  }
}

function blockOf(line: string, encode: typeof encodeField): string {
  const name = nameOf(line);
  if (UNKNOWN_TO_HTTP2.has(name)) return "";
  return encode(name, line.slice(name.length + 1).trim(), isCredential(name));
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
}

/** A copy that holds on to no longer text. */
function flat(text: string): string {
  return latin1(Buffer.from(text, "latin1"), 0, text.length);
}
