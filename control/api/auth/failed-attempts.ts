import { isIPv6 } from "node:net";

/**
 * Wrong credentials that one address may send in a window before it gets 429: a person mistypes a
 * few times, and a script with an old token is told soon that it is of no use to go on.
 */
const ATTEMPTS_MAX = 10;

/** Of a window, in milliseconds: a person who has found the right token waits this long at most. */
const WINDOW_MS = 60_000;

/** Addresses to remember. Beyond them the oldest goes: its count begins anew, nothing else. */
const PEERS_MAX = 4096;

/**
 * Counts wrong credentials by where they come from. It only says when to answer 429 instead of 401:
 * a token is too long to be guessed, so a right one is never locked out, whoever shares its
 * address.
 */
export class FailedAttempts {
  readonly #peers = new Map<string, { readonly sinceMs: number; count: number }>();

  /**
   * One more wrong credential from an address. Returns how many milliseconds are left of its window
   * if that was one too many; undefined: it was not.
   */
  add(address: string, nowMs: number): number | undefined {
    const peer = peerOf(address);
    const known = this.#peers.get(peer);
    const isOver = known === undefined || nowMs - known.sinceMs >= WINDOW_MS;
    const attempts = isOver ? this.#begin(peer, nowMs) : known;
    attempts.count += 1;
    return attempts.count > ATTEMPTS_MAX ? attempts.sinceMs + WINDOW_MS - nowMs : undefined;
  }

  #begin(peer: string, sinceMs: number): { readonly sinceMs: number; count: number } {
    const attempts = { sinceMs, count: 0 };
    this.#peers.delete(peer);
    this.#peers.set(peer, attempts);
    if (this.#peers.size > PEERS_MAX) {
      for (const oldest of this.#peers.keys()) {
        this.#peers.delete(oldest);
        break;
      }
    }
    return attempts;
  }
}

/** An IPv4 address, or the network of an IPv6 address that one customer has (RFC 6177: a /64). */
function peerOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  return [...groups, ...Array.from({ length: missing }, () => "0")].slice(0, 4).join(":");
}
