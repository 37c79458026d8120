import { Resolver } from "node:dns/promises";
import type { Clock } from "../../proxy/base/clock.ts";
import { orLate } from "../../proxy/base/deadline.ts";
import type { Answer, Family } from "./address-record.ts";
import { candidatesOf } from "./resolv-conf.ts";
import type { ResolvConf } from "./resolv-conf.ts";
import { errorCode } from "../../proxy/base/error-text.ts";

/**
 * Bounds one look-up with all its servers, tries and searched domains. resolv.conf may allow
 * minutes, and all that time the look-up would occupy a place that others wait for.
 */
const LOOK_UP_MS_MAX = 30_000;

/** A question about one name. */
export type NameQuestion = {
  /** A host name in lower case. */
  readonly name: string;
  readonly family: Family;
  readonly conf: ResolvConf;
};

/** Asks DNS once. Must not reject, unless `signal` is aborted. */
export type LookUp = (question: NameQuestion, signal: AbortSignal) => Promise<Answer>;

/**
 * Asks by c-ares, over sockets of this question's own: getaddrinfo would put every name behind four
 * threads, and a shared channel would let one name's silence make its server look dead for others.
 */
export function dnsLookUp(clock: Clock): LookUp {
  return async (question, signal) => {
    const { timeoutMs, attempts, servers } = question.conf;
    const options = { timeout: timeoutMs, tries: attempts, maxTimeout: timeoutMs };
    const resolver = new Resolver(options);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      resolver.setServers(servers);
      return await orLate(askAll(resolver, question), LOOK_UP_MS_MAX, clock, () => SILENT, signal);
    } finally {
      signal.removeEventListener("abort", cancel);
      cancel();
    }
  };
}

const SILENT: Answer = { kind: "failed", reason: "DNS does not answer (ETIMEOUT)" };

/**
 * A name that exists ends the search, whatever addresses it has; so does a DNS that does not
 * answer.
 */
async function askAll(resolver: Resolver, { name, family, conf }: NameQuestion): Promise<Answer> {
  for (const candidate of candidatesOf(name, conf)) {
    const answer = await ask(resolver, candidate, family);
    if (answer !== NOWHERE) return answer;
  }
  return NOWHERE;
}

const NOWHERE: Answer = { kind: "none", reason: "there is no such name (NXDOMAIN)" };

async function ask(resolver: Resolver, name: string, family: Family): Promise<Answer> {
  try {
    const records = await (family === 4
      ? resolver.resolve4(name, { ttl: true })
      : resolver.resolve6(name, { ttl: true }));
    if (records.length === 0) return noAddress(family);
    const ttlMs = Math.min(...records.map(({ ttl }) => ttl)) * 1_000;
    return { kind: "addresses", addresses: records.map(({ address }) => address), ttlMs };
  } catch (error) {
    return answerOf(errorCode(error) ?? "unknown error", family);
  }
}

/** Node's codes of c-ares: https://nodejs.org/api/dns.html#error-codes. */
function answerOf(code: string, family: Family): Answer {
  switch (code) {
    case "ENOTFOUND":
    // A searched domain has made it longer than a name may be.
    case "EBADNAME":
      return NOWHERE;
    case "ENODATA":
      return noAddress(family);
    case "ETIMEOUT":
      return SILENT;
    case "ECONNREFUSED":
      return { kind: "failed", reason: "DNS cannot be reached (ECONNREFUSED)" };
    default:
      return { kind: "failed", reason: `DNS cannot say (${code})` };
  }
}

function noAddress(family: Family): Answer {
  const record = family === 4 ? "A" : "AAAA";
  return { kind: "none", reason: `the name has no address (no ${record} record)` };
}
