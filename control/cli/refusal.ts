import type { IncomingHttpHeaders } from "node:http";
import type { Problem } from "../base/errors.ts";
import type { ApiAccess } from "./api-access.ts";
import { CliError } from "./cli-error.ts";

/** What to do about a refusal if the API's own words do not say. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ["revision_conflict", "somebody else has written meanwhile: look at it again, then repeat"],
  ["unknown_service", "`sluice services` lists them"],
  ["unknown_version", "`sluice services NAME` lists them"],
  ["unknown_rollout", "`sluice rollout list` shows those that there are"],
  ["frozen", "`sluice freeze` lists freezes, `sluice thaw NAME` ends one"],
  ["unknown_filter", "`sluice filters` lists them"],
  ["filter_refused", "the old one runs on"],
  ["no_undo", "`sluice audit` shows what has been written"],
  ["nothing_would_serve", "--force with --reason does it anyway"],
  ["incompatible", "--force with --reason does it anyway"],
  ["would_end_service", "--force with --reason does it anyway"],
  ["not_in_force", "`sluice status` shows when it is"],
  ["busy", "try again"],
  ["forbidden", "`sluice whoami` says who you are there"],
]);

/** An answer that is no success. `body`: parsed. undefined: it was no JSON. */
export type RefusedAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
};

/** The API's words, with what to do. `access`: what it was asked with. */
export function refusalOf(answer: RefusedAnswer, access: ApiAccess): CliError {
  const { status } = answer;
  const problem = (answer.body ?? {}) as {
    readonly code?: string;
    readonly detail?: string;
    readonly problems?: readonly Problem[];
  };
  const { code = `http_${status}`, detail = `Cannot do that: the API answered ${status}` } =
    problem;
  const advice = ADVICE.get(code) ?? adviceByStatus(answer, access);
  const message = advice === undefined ? detail : `${detail}; ${advice}`;
  return new CliError(code, message, { problems: problem.problems ?? [] });
}

/** Also of a proxy before the API, which has codes of its own, or none. */
function adviceByStatus(
  { status, headers, body }: RefusedAnswer,
  access: ApiAccess,
): string | undefined {
  const { location, "retry-after": retryAfter = "" } = headers;
  if (status === 401) return credentialAdvice(access);
  if (status === 429)
    return `try again ${/^\d{1,6}$/.test(retryAfter) ? `in ${retryAfter} s` : "later"}`;
  if (status >= 300 && status < 400 && location !== undefined) {
    return `redirects are not followed; where it leads, for --api: ${location}`;
  }
  return body === undefined ? "its answer is no JSON; is that the control API?" : undefined;
}

function credentialAdvice({ token, tls }: ApiAccess): string {
  if (token !== undefined) {
    const why = "has it expired, or is it for another sidecar?";
    return `it does not know the token of ${token.from}: ${why}`;
  }
  const wanted = "--token-file FILE or SLUICE_TOKEN_FILE gives a token";
  return tls?.cert === undefined ? wanted : `it does not know the certificate; ${wanted}`;
}
