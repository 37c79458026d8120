import type { Dispatcher } from "undici";
import type { Clock } from "../../proxy/base/clock.ts";
import { ConsulError, pageIn, refusalError } from "./consul-error.ts";

/** What an answer may take from its beginning to its end: agents are near. */
const BODY_MS = 10_000;
const SLOW = "Consul's answer does not come to its end in time";

/** What the agent answered. */
export type ConsulAnswer = {
  /** Whether the path holds something. false is Consul's 404. */
  readonly found: boolean;
  readonly text: string;
  /** X-Consul-Index. 0: the answer has none. */
  readonly index: number;
  /** How old a stale read may be. 0: read from the leader. */
  readonly lastContactMs: number;
  /** Whether the server that answered knows a leader. */
  readonly knownLeader: boolean;
  /** Whether an agent answered from what servers stream to it (1.10 and later). */
  readonly isStreamed: boolean;
  /** Whether Consul says that it left out what the token may not read (1.12 and later). */
  readonly isFiltered: boolean;
};

/** How to read an answer. */
export type AnswerReading = {
  /** What was asked for, for errors: `read service web`. */
  readonly action: string;
  /** Under /v1/. */
  readonly path: string;
  readonly clock: Clock;
  /** Takes out of Consul's words what must not be repeated. */
  readonly clean: (text: string) => string;
};

/** Reads an answer to its end. @throws ConsulError, also when it is a refusal */
export async function readAnswer(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  { action, path, clock, clean }: AnswerReading,
): Promise<ConsulAnswer> {
  const text = await textOf(body, action, clock);
  const found = statusCode !== 404;
  if (found && (statusCode < 200 || statusCode > 299)) {
    throw refusalError(action, statusCode, clean(redirectIn(headers) ?? text));
  }
  if (!found && path.startsWith("kv/") && headers["x-consul-index"] === undefined) {
    throw notConsul(action, text);
  }
  return { found, text, ...answerMeta(headers) };
}

/**
 * Consul redirects from names such as `..`, and gateways to where they want us. Without the query,
 * which differs each time. undefined: it is no redirect.
 */
function redirectIn({ location }: Dispatcher.ResponseData["headers"]): string | undefined {
  const [to = ""] = String(location ?? "").split("?");
  return to === "" ? undefined : `a redirect to ${to}, which is not followed`;
}

/** No timeout between two bytes finds an answer that comes byte by byte, for ever. */
async function textOf(
  body: Dispatcher.ResponseData["body"],
  action: string,
  clock: Clock,
): Promise<string> {
  const read = new AbortController();
  const cut = (): unknown => body.destroy(new ConsulError("consul_timeout", action, SLOW));
  void clock.sleep(BODY_MS, read.signal).then(cut, () => undefined);
  try {
    return await body.text();
  } finally {
    read.abort();
  }
}

/** @throws ConsulError consul_unreadable */
export function parseAnswer(action: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const page = pageIn(text);
    const found = page === undefined ? "" : ` but ${page}`;
    throw new ConsulError("consul_unreadable", action, `Consul's answer is not JSON${found}`);
  }
}

/** A 404 of Consul's says that a key is gone; one of a gateway that there is no way to Consul. */
function notConsul(action: string, text: string): ConsulError {
  const found = pageIn(text) ?? "without X-Consul-Index";
  return new ConsulError("consul_unreadable", action, `the answer 404 is not Consul's (${found})`);
}

function answerMeta(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Omit<ConsulAnswer, "found" | "text"> {
  return {
    index: wholeNumber(headers["x-consul-index"]),
    lastContactMs: wholeNumber(headers["x-consul-lastcontact"]),
    knownLeader: headers["x-consul-knownleader"] !== "false",
    isStreamed: headers["x-consul-query-backend"] === "streaming",
    isFiltered: headers["x-consul-results-filtered-by-acls"] === "true",
  };
}

function wholeNumber(field: string | string[] | undefined): number {
  const number = Number(field);
  return Number.isSafeInteger(number) && number >= 0 ? number : 0;
}
