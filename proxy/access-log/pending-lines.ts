import type { EndedExchange } from "../exchange/witness.ts";
import type { Peer } from "../transport/peer.ts";
import type { AccessEntry } from "./entry.ts";
import { ExchangeEntry } from "./exchange-entry.ts";
import type { LineFormat } from "./format.ts";
import type { LineBytes } from "./line-bytes.ts";
import type { LineSource } from "./line-queue.ts";

/**
 * So many entries become lines at once. Made one by one between requests, each costs more, as its
 * code and data have left the processor's caches by then. An entry holds on to its texts: at most
 * to a head.
 */
const ENTRIES_MAX = 64;

/** Entries that are no lines yet. */
export class PendingLines implements LineSource {
  readonly #format: LineFormat;
  /** A place of its own for each exchange. */
  readonly #places: readonly ExchangeEntry[];
  readonly #entries: AccessEntry[];
  readonly #sinceMs = new Float64Array(ENTRIES_MAX);
  #count = 0;
  #current = 0;
  #originMs = 0;

  constructor(format: LineFormat) {
    this.#format = format;
    this.#places = Array.from({ length: ENTRIES_MAX }, () => new ExchangeEntry(format.fields));
    this.#entries = [...this.#places];
  }

  /** What there is to say of an exchange. Valid until the next one, unless it is added. */
  entryOf(exchange: EndedExchange, peer: Peer, durationMs: number): AccessEntry {
    const place = this.#places[this.#count];
    if (place === undefined) throw new RangeError("wanted room for an entry, found none");
    place.take(exchange, peer, durationMs);
    return place;
  }

  /** `sinceMs`: when it began, in monotonic ms. true: there is no room for more, giveTo() now. */
  add(entry: AccessEntry, sinceMs: number): boolean {
    this.#entries[this.#count] = entry;
    this.#sinceMs[this.#count] = sinceMs;
    this.#count += 1;
    return this.#count === ENTRIES_MAX;
  }

  /** All of them, in order; then it has none. `originMs`: when monotonic time began, since 1970. */
  giveTo(sink: { add(line: LineSource): void }, originMs: number): void {
    this.#originMs = originMs;
    for (this.#current = 0; this.#current < this.#count; this.#current += 1) {
      sink.add(this);
    }
    this.#count = 0;
  }

  writeTo(bytes: LineBytes): void {
    const entry = this.#entries[this.#current];
    const sinceMs = this.#sinceMs[this.#current];
    if (entry === undefined || sinceMs === undefined) return;
    this.#format.write(bytes, entry, this.#originMs + sinceMs);
  }
}
