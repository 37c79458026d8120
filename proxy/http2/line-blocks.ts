import { latin1 } from "../base/latin1.ts";
import { isCredential, encodeField, encodeFieldShort } from "./hpack-encoder.ts";

/** Lines kept before the older half of them is let go of. */
const LINES_MAX = 1024;
/** Longer lines are not kept: there are few of them, and each is another one. */
const LINE_LENGTH_MAX = 160;
/** Names of fields whose values are nearly never the same again. */
const VARYING: ReadonlySet<string> = new Set([
  "content-length",
  "date",
  "etag",
  "last-modified",
  "traceparent",
  "x-request-id",
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
   * The field of `line`, which is latin1 text and has no CRLF; its name may have upper case.
   * `line` may be a slice of a longer text.
   */
  get(line: string): string {
    const known = this.#young.get(line) ?? this.#old.get(line);
    if (known === undefined) return this.#add(line);
    known.uses += 1;
    // Only what comes again is worth the time.
    if (known.uses === 2) known.block = blockOf(line, encodeFieldShort);
    return known.block;
  }

  #add(line: string): string {
    const block = blockOf(line, encodeField);
    const name = line.slice(0, line.indexOf(":")).toLowerCase();
    if (line.length > LINE_LENGTH_MAX || VARYING.has(name) || isCredential(name)) return block;
    if (this.#young.size === LINES_MAX / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(flat(line), { block: flat(block), uses: 1 });
    return block;
  }
}

function blockOf(line: string, encode: typeof encodeField): string {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon).toLowerCase();
  return encode(name, line.slice(colon + 1).trim(), isCredential(name));
}

/** A copy that holds on to no longer text. */
function flat(text: string): string {
  return latin1(Buffer.from(text, "latin1"), 0, text.length);
}
