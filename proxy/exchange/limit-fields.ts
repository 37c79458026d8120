import type { KeyedRate } from "../upstream/keyed-rate.ts";
import type { LimitScope } from "../upstream/rate-limits.ts";

/**
 * What a client is told of the limits that its request was counted by, as field lines: RateLimit
 * and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4), and Retry-After
 * (RFC 9110 section 10.2.3) where there is none left.
 */
export class LimitFields {
  #policies = "";
  #limits = "";
  #retryMs = 0;

  /** Before a new request. */
  clear(): void {
    this.#policies = "";
    this.#limits = "";
    this.#retryMs = 0;
  }

  /** One more limit, with what is left of it. */
  readonly add = (scope: LimitScope, { limit, remaining, resetMs, retryMs }: KeyedRate): void => {
    const comma = this.#limits === "" ? "" : ", ";
    this.#policies += `${comma}"${scope}";q=${limit.requests};w=${limit.perS}`;
    this.#limits += `${comma}"${scope}";r=${remaining};t=${Math.ceil(resetMs / 1_000)}`;
    this.#retryMs = Math.max(this.#retryMs, retryMs);
  };

  /** "": there is no limit. */
  get lines(): string {
    if (this.#limits === "") return "";
    const retry = this.#retryMs > 0 ? `Retry-After: ${Math.ceil(this.#retryMs / 1_000)}\r\n` : "";
    return `RateLimit-Policy: ${this.#policies}\r\nRateLimit: ${this.#limits}\r\n${retry}`;
  }
}
