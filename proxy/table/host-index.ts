import { HASH_START, hashStep } from "./hash.ts";
import type { ServiceSnapshot } from "./snapshot.ts";

const DOT = 0x2e;

type Wildcard = { readonly suffix: string; readonly service: string };

/**
 * Names of services by the hosts they claim. It holds names and not services, so that it outlives
 * every change that leaves the hosts alone. If two services claim one host, the one whose name
 * sorts first has it.
 */
export class HostIndex {
  readonly #exact = new Map<string, string>();
  /** `.web.internal` for `*.web.internal`, by the hash of it read from its end. */
  readonly #wildcards = new Map<number, Wildcard[]>();
  #longestSuffix = 0;
  /** Most requests are for the host of the one before: comparing is cheaper than hashing. */
  #lastHost = "";
  #lastService: string | undefined;

  constructor(services: Iterable<Pick<ServiceSnapshot, "name" | "hosts">>) {
    const wildcards = new Map<string, string>();
    for (const service of services) {
      for (const host of service.hosts) {
        const name = canonical(host);
        if (name.startsWith("*.")) claim(wildcards, name.slice(1), service.name);
        else claim(this.#exact, name, service.name);
      }
    }
    for (const [suffix, service] of wildcards) this.#addWildcard({ suffix, service });
  }

  /**
   * The service of a host without port, in any case, with or without a trailing dot. An exact name
   * beats a wildcard, the longest wildcard wins; `*.a.b` takes every name below `a.b`, not `a.b`
   * itself. undefined: nobody claims it. Allocates nothing when the host is in lower case.
   */
  find(host: string): string | undefined {
    if (host === this.#lastHost) return this.#lastService;
    const service = this.#exact.get(host) ?? this.#findCanonical(canonical(host), host);
    this.#lastHost = host;
    this.#lastService = service;
    return service;
  }

  #findCanonical(host: string, asSent: string): string | undefined {
    const exact = host === asSent ? undefined : this.#exact.get(host);
    return exact ?? (this.#wildcards.size === 0 ? undefined : this.#longestWildcard(host));
  }

  #longestWildcard(host: string): string | undefined {
    let longest: string | undefined;
    let hash = HASH_START;
    const first = Math.max(1, host.length - this.#longestSuffix);
    for (let at = host.length - 1; at >= first; at -= 1) {
      const code = host.charCodeAt(at);
      hash = hashStep(hash, code);
      if (code === DOT) longest = this.#endingAt(host, at, hash) ?? longest;
    }
    return longest;
  }

  #endingAt(host: string, at: number, hash: number): string | undefined {
    const wildcards = this.#wildcards.get(hash);
    if (!wildcards) return undefined;
    for (const { suffix, service } of wildcards) {
      if (suffix.length === host.length - at && host.endsWith(suffix)) return service;
    }
    return undefined;
  }

  #addWildcard(wildcard: Wildcard): void {
    const { suffix } = wildcard;
    this.#longestSuffix = Math.max(this.#longestSuffix, suffix.length);
    let hash = HASH_START;
    for (let at = suffix.length - 1; at >= 0; at -= 1) hash = hashStep(hash, suffix.charCodeAt(at));
    const others = this.#wildcards.get(hash);
    if (others) others.push(wildcard);
    else this.#wildcards.set(hash, [wildcard]);
  }
}

function claim(claims: Map<string, string>, host: string, service: string): void {
  const holder = claims.get(host);
  if (holder === undefined || service < holder) claims.set(host, service);
}

/** In lower case and without a trailing dot; the same string if it already is. */
function canonical(host: string): string {
  const end = host.charCodeAt(host.length - 1) === DOT ? host.length - 1 : host.length;
  for (let at = 0; at < end; at += 1) {
    const code = host.charCodeAt(at);
    if (code >= 0x41 && code <= 0x5a) return host.slice(0, end).toLowerCase();
  }
  return end === host.length ? host : host.slice(0, end);
}
