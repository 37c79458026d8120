import type { EndedExchange } from "../exchange/witness.ts";
import type { Peer } from "../transport/peer.ts";
import type { AccessEntry } from "./entry.ts";
import { ExchangeEntry } from "./exchange-entry.ts";
import type { LineFormat } from "./format.ts";
import type { LineBytes } from "./line-bytes.ts";
import type { LineSource } from "./line-queue.ts";

/**
 * So many entries become lines at once. Made one by one between requests, each costs half as much
 * again, as its code has left the processor's caches by then. An entry holds on to its texts: at
 * most to a head.
 */
const ENTRIES_MAX = 64;

/** What has ended and is no line yet. */
export class PendingLines implements LineSource {
  readonly #format: LineFormat;
  /** A place of its own for each exchange. */
  readonly #places: readonly ExchangeEntry[];
  readonly #told: readonly { entry: AccessEntry; wallMs: number }[];
  #count = 0;
  #current = 0;

  constructor(format: LineFormat) {
    this.#format = format;
    this.#places = Array.from({ length: ENTRIES_MAX }, () => new ExchangeEntry(format.fields));
    this.#told = this.#places.map((entry) => ({ entry, wallMs: 0.5 }));
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
    const told = this.#told[this.#count];
    if (told === undefined) throw new RangeError("wanted room for an entry, found none");
    told.entry = entry;
    told.wallMs = sinceMs;
    this.#count += 1;
    return this.#count === ENTRIES_MAX;
  }

  /** All of them, in order; then it has none. `originMs`: when monotonic time began, since 1970. */
  giveTo(sink: { add(line: LineSource): void }, originMs: number): void {
    for (this.#current = 0; this.#current < this.#count; this.#current += 1) {
      const told = this.#told[this.#current];
      if (told !== undefined) told.wallMs += originMs;
      sink.add(this);
    }
    this.#count = 0;
  }

  writeTo(bytes: LineBytes): void {
    const told = this.#told[this.#current];
    if (told === undefined) return;
    // What is before the first one is used again by now.
    this.#format.write(bytes, told, this.#told[this.#current - 1]);
  }
}
