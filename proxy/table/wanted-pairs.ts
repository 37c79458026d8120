import { hashRange } from "./hash.ts";
import type { RequestView } from "./request-view.ts";

/**
 * Most pairs of one request that are looked at: what follows is as if it were not there. Browsers
 * keep at most 180 cookies of a site, and PHP reads 1 000 parameters of a query.
 */
const PAIRS_MAX = 1024;

/** Reads the names and values of one kind that a request carries, one pair after the other. */
export interface PairReader {
  /** Before the first pair of this request. */
  begin(request: RequestView): void;
  /** Goes on to the next pair. false: there are no more. */
  next(): boolean;
  /** The hash of the pair's name, as hashRange() has it for the name that nameIs() says it is. */
  nameHash(): number;
  nameIs(name: string): boolean;
  /** Both only after nameIs() was true. */
  valueHash(): number;
  valueIs(value: string): boolean;
  /** Forgets the request. */
  end(): void;
}

/** A configured text, and its number among those of its kind. */
type WantedText = { readonly id: number; readonly text: string };

/** A name, with the values that routes want it to have, by their hashes. */
type WantedName = WantedText & { readonly values: Map<number, readonly WantedText[]> };

/**
 * All pairs of one kind that the routes of a service want. A request is read once, whatever the
 * number of routes: what each of its pairs fulfils is looked up. So the work is the request's bytes
 * and the number of routes, and never one times the other. Allocates nothing for a request.
 */
export class WantedPairs {
  readonly #reader: PairReader;
  readonly #names = new Map<number, WantedName[]>();
  #nameCount = 0;
  #pairCount = 0;
  /** 1 for each pair that the request fulfils, and for each name that it carries, by their ids. */
  #fulfilled = new Uint8Array(0);
  #found = new Uint8Array(0);

  constructor(reader: PairReader) {
    this.#reader = reader;
  }

  /** A pair to look for from now on. Returns its id, the same for the same name and value. */
  want(name: string, value: string): number {
    const { values } = this.#named(name);
    const hash = hashRange(value, 0, value.length);
    const known = values.get(hash)?.find(({ text }) => text === value);
    if (known !== undefined) return known.id;
    const wanted = { id: this.#pairCount, text: value };
    this.#pairCount += 1;
    values.set(hash, [...(values.get(hash) ?? []), wanted]);
    return wanted.id;
  }

  /** Finds out which pairs this request fulfils: `fulfils` speaks of it from now on. */
  read(request: RequestView): void {
    this.#clear();
    const reader = this.#reader;
    reader.begin(request);
    for (let count = 0; count < PAIRS_MAX && reader.next(); count += 1) this.#note(reader);
    reader.end();
  }

  /** Whether the request that was read last fulfils all of these pairs. */
  fulfils(ids: readonly number[]): boolean {
    for (const id of ids) if (this.#fulfilled[id] !== 1) return false;
    return true;
  }

  #clear(): void {
    if (this.#fulfilled.length < this.#pairCount) {
      this.#fulfilled = new Uint8Array(this.#pairCount);
      this.#found = new Uint8Array(this.#nameCount);
    } else {
      this.#fulfilled.fill(0);
      this.#found.fill(0);
    }
  }

  /** Of several pairs with one name the first counts. */
  #note(reader: PairReader): void {
    const names = this.#names.get(reader.nameHash());
    if (names === undefined) return;
    for (const { id, text, values } of names) {
      if (this.#found[id] === 1 || !reader.nameIs(text)) continue;
      this.#found[id] = 1;
      this.#noteValue(values.get(reader.valueHash()), reader);
    }
  }

  #noteValue(values: readonly WantedText[] | undefined, reader: PairReader): void {
    if (values === undefined) return;
    for (const { id, text } of values) if (reader.valueIs(text)) this.#fulfilled[id] = 1;
  }

  #named(text: string): WantedName {
    const hash = hashRange(text, 0, text.length);
    const names = this.#names.get(hash) ?? [];
    this.#names.set(hash, names);
    const known = names.find((name) => name.text === text);
    if (known !== undefined) return known;
    const name = { id: this.#nameCount, text, values: new Map<number, readonly WantedText[]>() };
    this.#nameCount += 1;
    names.push(name);
    return name;
  }
}
