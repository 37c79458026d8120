import { ControlError } from "../base/errors.ts";

/**
 * Why Consul did not do what was asked. unreachable: nobody took the connection, or it broke.
 * timeout: no answer in time. no_leader: the servers have no leader, so nothing can be written.
 * busy: it takes no more connections or requests from here (429). denied: the token may not do
 * this. refused: the request itself is wrong (4xx). failed: 5xx.
 * unreadable: an answer that is not what this path answers.
 */
export type ConsulErrorCode =
  | "consul_unreachable"
  | "consul_timeout"
  | "consul_no_leader"
  | "consul_busy"
  | "consul_denied"
  | "consul_refused"
  | "consul_failed"
  | "consul_unreadable";

/** Besides silence, these are 5xx answers such as "leadership lost while committing log". */
const UNKNOWN_OUTCOMES: ReadonlySet<ConsulErrorCode> = new Set([
  "consul_unreachable",
  "consul_timeout",
  "consul_failed",
]);

/** Consul could not be reached, or refused. The text never holds the token. */
export class ConsulError extends ControlError {
  /** Whether the request may have been carried out although no answer says so. */
  readonly outcomeUnknown: boolean;

  constructor(code: ConsulErrorCode, action: string, reason: string) {
    super(code, 503, `Cannot ${action}: ${reason}`);
    this.outcomeUnknown = UNKNOWN_OUTCOMES.has(code);
  }
}

/** How much of an answer's text an error repeats. */
const REASON_LENGTH_MAX = 200;

/** The error for an answer that is not 2xx. */
export function refusalError(action: string, status: number, body: string): ConsulError {
  const words = pageIn(body) ?? body.trim().replaceAll(/\s+/g, " ");
  const reason = words.slice(0, REASON_LENGTH_MAX) || "no reason given";
  return new ConsulError(
    refusalCode(status, reason),
    action,
    `Consul answered ${status} (${reason})${adviceOn(reason)}`,
  );
}

/** What to say of an HTML page, which never comes from Consul's API. undefined: it is none. */
export function pageIn(text: string): string | undefined {
  if (!/^\s*<(?:!doctype html|html)\b/i.test(text)) return undefined;
  const [, title = ""] = /<title[^>]{0,200}>([^<]{0,100})/i.exec(text) ?? [];
  const named = title.trim() === "" ? "" : ` "${title.trim().replaceAll(/\s+/g, " ")}"`;
  return `an HTML page${named}, as of a proxy in between`;
}

/** What Consul cannot know: where we have from what it refuses. */
function adviceOn(reason: string): string {
  const [, header] = /X-Consul-(Namespace|Partition)\b.*Enterprise feature/i.exec(reason) ?? [];
  if (header === undefined) return "";
  return `; leave out consul.${header.toLowerCase()}, and unset CONSUL_${header.toUpperCase()}`;
}

function refusalCode(status: number, reason: string): ConsulErrorCode {
  if (/no cluster leader/i.test(reason)) return "consul_no_leader";
  if (status === 401 || status === 403) return "consul_denied";
  // 1.8 answers 500 for several refusals of its ACL system.
  if (/permission denied|ACL not found/i.test(reason)) return "consul_denied";
  if (status === 429) return "consul_busy";
  return status < 500 ? "consul_refused" : "consul_failed";
}
