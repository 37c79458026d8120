import type { JSONWebKeySet } from "jose";
import { fetchReason } from "../../base/ask-http.ts";
import type { Clock } from "../../../proxy/base/clock.ts";
import { KEY_SET_BYTES_MAX, readKeySet } from "./key-set.ts";

/** How long keys are used before they are fetched again: new ones are published hours ahead. */
const FRESH_MS = 10 * 60_000;

/** Least pause between fetches, whatever tokens come, and the pause after a failure. */
const COOL_DOWN_MS = 30_000;

/** For a whole answer: a caller whose token has a new key is waiting. */
const TIMEOUT_MS = 5_000;

/** The public keys at an issuer's URL. The last ones stay in use while it does not answer. */
export class RemoteKeys {
  readonly #url: string;
  readonly #clock: Pick<Clock, "nowMs">;
  #keys: JSONWebKeySet | undefined;
  #problem: string | undefined;
  #askedMs: number | undefined;
  #asking: Promise<boolean> | undefined;

  constructor(url: string, clock: Pick<Clock, "nowMs">) {
    this.#url = url;
    this.#clock = clock;
  }

  /** undefined: there has been no usable answer yet. */
  get keys(): JSONWebKeySet | undefined {
    return this.#keys;
  }

  /** Why the last fetch failed. undefined: it did not, or there was none. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Fetches again when it is time to. Resolves with whether anything changed. Never rejects. */
  async refresh(): Promise<boolean> {
    const isFresh = this.#problem === undefined && this.#keys !== undefined;
    return this.#askAfter(isFresh ? FRESH_MS : COOL_DOWN_MS);
  }

  /** The same for a key that is not among them and may be new. */
  async seek(): Promise<boolean> {
    return this.#askAfter(COOL_DOWN_MS);
  }

  async #askAfter(pauseMs: number): Promise<boolean> {
    if (this.#asking !== undefined) return this.#asking;
    const nowMs = this.#clock.nowMs();
    if (this.#askedMs !== undefined && nowMs - this.#askedMs < pauseMs) return false;
    this.#askedMs = nowMs;
    this.#asking = this.#ask();
    return this.#asking.finally(() => (this.#asking = undefined));
  }

  async #ask(): Promise<boolean> {
    const before = JSON.stringify([this.#keys, this.#problem]);
    try {
      this.#keys = readKeySet(await textAt(this.#url));
      this.#problem = undefined;
    } catch (error) {
      this.#problem = `Cannot read the keys at ${this.#url}: ${fetchReason(error)}`;
    }
    return JSON.stringify([this.#keys, this.#problem]) !== before;
  }
}

/** Follows no redirects: they could lead anywhere. */
async function textAt(url: string): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(url, { redirect: "error", signal });
  if (!answer.ok) throw new Error(`wanted status 200, found ${answer.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > KEY_SET_BYTES_MAX) throw new Error(`wanted at most ${KEY_SET_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
