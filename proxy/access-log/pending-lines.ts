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

/** Where something waits to become a line: an exchange in `own`, which is used again. */
type Place = { readonly own: ExchangeEntry; entry: AccessEntry; wallMs: number };

/** What has ended and is no line yet. */
export class PendingLines implements LineSource {
  readonly #format: LineFormat;
  readonly #places: readonly Place[];
  #count = 0;
  #current = 0;

  constructor(format: LineFormat) {
    this.#format = format;
    this.#places = Array.from({ length: ENTRIES_MAX }, () => {
      const own = new ExchangeEntry(format.fields);
      // A fraction, as it will hold fractions: then they need no boxes.
      return { own, entry: own, wallMs: 0.5 };
    });
  }

  /** What there is to say of an exchange. Valid until the next one, unless it is added. */
  entryOf(exchange: EndedExchange, peer: Peer, durationMs: number): AccessEntry {
    const { own } = this.#free();
    own.take(exchange, peer, durationMs);
    return own;
  }

  /** `sinceMs`: when it began, in monotonic ms. true: there is no room for more, giveTo() now. */
  add(entry: AccessEntry, sinceMs: number): boolean {
    const place = this.#free();
    place.entry = entry;
    place.wallMs = sinceMs;
    this.#count += 1;
    return this.#count === ENTRIES_MAX;
  }

  /** All of them, in order; then it has none. `originMs`: when monotonic time began, since 1970. */
  giveTo(sink: { add(line: LineSource): void }, originMs: number): void {
    for (this.#current = 0; this.#current < this.#count; this.#current += 1) {
      const place = this.#places[this.#current];
      if (place !== undefined) place.wallMs += originMs;
      sink.add(this);
    }
    this.#count = 0;
  }

  writeTo(bytes: LineBytes): void {
    const place = this.#places[this.#current];
    if (place === undefined) return;
    // What is before the first one is used again by now.
    this.#format.write(bytes, place, this.#places[this.#current - 1]);
  }

  #free(): Place {
    const place = this.#places[this.#count];
    if (place === undefined) throw new RangeError("wanted room for an entry, found none");
    return place;
  }
}
