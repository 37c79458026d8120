import { createHash, timingSafeEqual } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { TokenEntry } from "../../config/auth-schema.ts";

/**
 * The form of a token: 32 random bytes in base64url, after a prefix that scanners for leaked
 * secrets can look for. Anything shorter could be guessed from its hash.
 */
const TOKEN = /^sluice_[A-Za-z0-9_-]{43}$/;

/** The tokens that callers may use, by their hashes. */
export class TokenList {
  readonly #entries: readonly { readonly entry: TokenEntry; readonly hash: Buffer }[];

  constructor(entries: readonly TokenEntry[]) {
    this.#entries = entries.map((entry) => ({ entry, hash: Buffer.from(entry.sha256, "hex") }));
  }

  /**
   * The entry of a token, even of an expired one; undefined: it is not on the list. Takes the same
   * time wherever it stands, and however much of a hash is right.
   */
  find(token: string): TokenEntry | undefined {
    if (!TOKEN.test(token)) return undefined;
    const given = createHash("sha256").update(token).digest();
    let found: TokenEntry | undefined;
    for (const { entry, hash } of this.#entries) {
      if (timingSafeEqual(hash, given)) found = entry;
    }
    return found;
  }

  /** Whether an entry found before is still on the list, and may still do the same. */
  holds(known: TokenEntry): boolean {
    return this.#entries.some(
      ({ entry }) => entry.sha256 === known.sha256 && isDeepStrictEqual(entry, known),
    );
  }
}
