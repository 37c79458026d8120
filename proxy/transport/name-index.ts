/**
 * Finds by host name, as for certificates: an exact name, else a wildcard, which stands for one
 * label (RFC 9525 section 6.3).
 */
export class NameIndex<Found> {
  readonly #byName = new Map<string, Found>();

  /** `name`: exact or `*.example`, in any case. The first one added for a name keeps it. */
  add(name: string, found: Found): void {
    const key = name.toLowerCase();
    if (!this.#byName.has(key)) this.#byName.set(key, found);
  }

  /** Whether anything matches it. */
  has(host: string): boolean {
    return this.find(host) !== undefined;
  }

  /** `host`: in lower case, without port. undefined: nothing matches. */
  find(host: string): Found | undefined {
    const exact = this.#byName.get(host);
    if (exact !== undefined) return exact;
    const dot = host.indexOf(".");
    return dot > 0 ? this.#byName.get(`*${host.slice(dot)}`) : undefined;
  }
}
