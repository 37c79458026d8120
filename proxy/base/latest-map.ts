/**
 * A Map whose latest entry stands beside it. Where one thing begins and ends before the next one
 * begins, as requests of most clients do, a Map would soon be full of holes, and be made anew for
 * every few of them.
 */
export class LatestMap<Key, Value> {
  readonly #earlier = new Map<Key, Value>();
  /** undefined: it has been deleted, or there never was one. */
  #latest: { key: Key; value: Value | undefined } | undefined;

  get size(): number {
    return this.#earlier.size + (this.#latest?.value === undefined ? 0 : 1);
  }

  /** undefined: it has none. */
  get(key: Key): Value | undefined {
    const latest = this.#latest;
    return latest?.key === key ? latest.value : this.#earlier.get(key);
  }

  /** Adds a key that it does not have. */
  add(key: Key, value: Value): void {
    const latest = (this.#latest ??= { key, value: undefined });
    if (latest.value !== undefined) this.#earlier.set(latest.key, latest.value);
    latest.key = key;
    latest.value = value;
  }

  delete(key: Key): void {
    const latest = this.#latest;
    if (latest?.key === key) latest.value = undefined;
    else if (this.#earlier.size > 0) this.#earlier.delete(key);
  }

  /** In the order of their adding. Entries may come and go meanwhile, as with a Map. */
  *values(): Generator<Value, undefined> {
    yield* this.#earlier.values();
    if (this.#latest?.value !== undefined) yield this.#latest.value;
    return undefined;
  }
}
