import { isIPv6 } from "node:net";

/**
 * Wrong credentials that one address may send in a window before it gets 429: enough for a person
 * who mistypes, while a script with an old token is soon told to stop.
 */
const ATTEMPTS_MAX = 10;

/** Length of a window: somebody who has found the right token waits no longer than this. */
const WINDOW_MS = 60_000;

/** Addresses to remember. Beyond them the oldest is forgotten: only its count starts over. */
const PEERS_MAX = 4096;

/**
 * Counts wrong credentials by address. It only decides when to answer 429 instead of 401: tokens
 * are too long to guess, so a valid one is never locked out, whoever shares its address.
 */
export class FailedAttempts {
  readonly #peers = new Map<string, { readonly sinceMs: number; count: number }>();

  /**
   * Counts a wrong credential from an address. Returns how many milliseconds are left of its window
   * if that was one too many, else undefined.
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

/** An IPv4 address, or the /64 of an IPv6 address: what one customer has (RFC 6177). */
function peerOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  return [...groups, ...Array.from({ length: missing }, () => "0")].slice(0, 4).join(":");
}
