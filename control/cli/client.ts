import type { Problem } from "../base/errors.ts";
import { CliError } from "./cli-error.ts";

/** Where the control API is unless somebody says otherwise. */
export const DEFAULT_API = "http://127.0.0.1:9180";

/** How long an answer may take: an upgrade, the slowest call, gives up before this. */
const ANSWER_TIMEOUT_MS = 45_000;

/** What to do about a refusal if the API's own words do not say. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ["revision_conflict", "somebody else has written meanwhile: look at it again, then repeat"],
  ["unknown_service", "`sluice services` lists them"],
  ["unknown_filter", "`sluice filters` lists them"],
  ["filter_refused", "the old one runs on"],
  ["nothing_would_serve", "--force with --reason does it anyway"],
  ["not_in_force", "`sluice status` shows when it is"],
  ["busy", "try again"],
]);

/** What a request carries besides its method and path. */
export type SendOptions = {
  /** Sent as JSON. undefined: no body. */
  readonly body?: unknown;
  /** The revision that the table must have. undefined: no If-Match. */
  readonly ifRevision?: number;
  readonly reason?: string | undefined;
  /** Write even if nothing serves a service with traffic then. */
  readonly force?: boolean | undefined;
};

/** Talks to the control API. All its errors are CliErrors that say what to do. */
export class ApiClient {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #token: string | undefined;

  constructor(options: { readonly url: string; readonly token: string | undefined }) {
    this.url = options.url.replace(/\/+$/, "");
    this.#token = options.token;
  }

  /** @throws CliError when there is no answer, or one that is no success */
  get<Answer>(path: string): Promise<Answer> {
    return this.send("GET", path);
  }

  /** @throws CliError when there is no answer, or one that is no success */
  async send<Answer>(method: string, path: string, options: SendOptions = {}): Promise<Answer> {
    const response = await this.#fetch(method, path, options);
    const answer = await this.#read(response);
    if (!response.ok) throw refusal(answer, response.status);
    return answer as Answer;
  }

  /** Like get(), but a 503 is an answer too: with it `readyz` says why the sidecar is not ready. */
  async probe<Answer>(path: string): Promise<Answer> {
    const response = await this.#fetch("GET", path, {});
    const answer = await this.#read(response);
    if (!response.ok && response.status !== 503) throw refusal(answer, response.status);
    return answer as Answer;
  }

  async #fetch(method: string, path: string, options: SendOptions): Promise<Response> {
    const { body, force = false } = options;
    const query = force ? `${path.includes("?") ? "&" : "?"}force=true` : "";
    try {
      return await fetch(`${this.url}${path}${query}`, {
        method,
        headers: headersOf(options, this.#token),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      const message =
        `Cannot reach the control API at ${this.url}: ${causeOf(error)}; ` +
        "is `sluice run` running? Another address: --api URL or SLUICE_API";
      throw new CliError("unreachable", message, { cause: error });
    }
  }

  async #read(response: Response): Promise<unknown> {
    try {
      return await response.json();
    } catch (error) {
      const hint = "it is no JSON; is that the control API?";
      const message = `Cannot read the answer of ${this.url}: ${hint}`;
      throw new CliError("bad_answer", message, { cause: error });
    }
  }
}

/** A path under `/v1/services`, each part escaped. */
export function servicePath(...parts: readonly string[]): string {
  return ["/v1/services", ...parts.map(encodeURIComponent)].join("/");
}

function headersOf({ body, ifRevision, reason }: SendOptions, token?: string): Headers {
  const headers = new Headers();
  if (body !== undefined) headers.set("content-type", "application/json");
  if (ifRevision !== undefined) headers.set("if-match", `"${ifRevision}"`);
  // fetch takes bytes as Latin-1: this puts UTF-8 on the wire, as the API wants it.
  if (reason !== undefined) headers.set("x-sluice-reason", Buffer.from(reason).toString("latin1"));
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  return headers;
}

function refusal(answer: unknown, status: number): CliError {
  const problem = (answer ?? {}) as {
    readonly code?: string;
    readonly detail?: string;
    readonly problems?: readonly Problem[];
  };
  const { code = `http_${status}`, detail = `Cannot do that: the API answered ${status}` } =
    problem;
  const advice = ADVICE.get(code);
  const message = advice === undefined ? detail : `${detail}; ${advice}`;
  return new CliError(code, message, { problems: problem.problems ?? [] });
}

/** fetch says "fetch failed"; what happened is its cause. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${ANSWER_TIMEOUT_MS / 1000} s`;
  const { cause } = error as { readonly cause?: { readonly code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? error.message;
}
