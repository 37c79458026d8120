import type { IncomingMessage } from "node:http";
import type { Problem } from "../base/errors.ts";
import { failureOf, openAnswer, readApiAddress } from "./api-request.ts";
import type { ApiAddress, ApiRequest } from "./api-request.ts";
import { CliError, usageError } from "./cli-error.ts";

/** What to do about a refusal if the API's own words do not say. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ["revision_conflict", "somebody else has written meanwhile: look at it again, then repeat"],
  ["unknown_service", "`sluice services` lists them"],
  ["unknown_filter", "`sluice filters` lists them"],
  ["filter_refused", "the old one runs on"],
  ["no_undo", "`sluice audit` shows what has been written"],
  ["nothing_would_serve", "--force with --reason does it anyway"],
  ["would_end_service", "--force with --reason does it anyway"],
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
  readonly lastEventId?: string | undefined;
  /** Until when it may go on. undefined: as long as usual. */
  readonly endsBy?: AbortSignal | undefined;
  /** Write even if nothing serves a service with traffic then. */
  readonly force?: boolean | undefined;
};

/** Talks to the control API. All its errors are CliErrors that say what to do. */
export class ApiClient {
  readonly #address: ApiAddress;
  readonly #token: string | undefined;

  /** @throws CliError usage */
  constructor(options: { readonly url: string; readonly token: string | undefined }) {
    this.#address = readApiAddress(options.url);
    this.#token = options.token;
    if (!/^[\x20-\x7e]*$/.test(this.#token ?? "")) {
      throw usageError("Cannot send the token: wanted visible ASCII, found other characters");
    }
  }

  /** Without a slash at its end. */
  get url(): string {
    return this.#address.text;
  }

  /** @throws CliError when there is no answer, or one that is no success */
  get<Answer>(path: string, options: Pick<SendOptions, "endsBy"> = {}): Promise<Answer> {
    return this.send("GET", path, options);
  }

  /** A stream of lines as they come. @throws CliError when it cannot be opened, or breaks */
  async *lines(path: string, options: SendOptions): AsyncGenerator<string> {
    const response = await this.#ask("GET", path, options);
    if (!isSuccess(response)) throw refusal(await this.#read(response), response.statusCode);
    let rest = "";
    try {
      for await (const chunk of response.setEncoding("utf8")) {
        const lines = (rest + String(chunk)).split("\n");
        rest = lines.pop() ?? "";
        yield* lines;
      }
    } catch (error) {
      throw failureOf(error, this.url);
    }
  }

  /** @throws CliError when there is no answer, or one that is no success */
  async send<Answer>(method: string, path: string, options: SendOptions = {}): Promise<Answer> {
    const response = await this.#ask(method, path, options);
    const answer = await this.#read(response);
    if (!isSuccess(response)) throw refusal(answer, response.statusCode);
    return answer as Answer;
  }

  /** Like get(), but a 503 is an answer too: with it `readyz` says why the sidecar is not ready. */
  async probe<Answer>(path: string): Promise<Answer> {
    const response = await this.#ask("GET", path, {});
    const answer = await this.#read(response);
    if (!isSuccess(response) && response.statusCode !== 503) {
      throw refusal(answer, response.statusCode);
    }
    return answer as Answer;
  }

  #ask(method: string, path: string, options: SendOptions): Promise<IncomingMessage> {
    const { body, force = false, endsBy } = options;
    const query = force ? `${path.includes("?") ? "&" : "?"}force=true` : "";
    const request: ApiRequest = {
      method,
      path: path + query,
      headers: headersOf(options, this.#token),
      body: body === undefined ? undefined : JSON.stringify(body),
      endsBy,
    };
    return openAnswer(this.#address, request);
  }

  async #read(response: IncomingMessage): Promise<unknown> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    } catch (error) {
      throw failureOf(error, this.url);
    }
    try {
      return JSON.parse(Buffer.concat(chunks).toString());
    } catch (error) {
      const hint = "it is no JSON; is that the control API?";
      const message = `Cannot read the answer of ${this.url}: ${hint}`;
      throw new CliError("bad_answer", message, { cause: error });
    }
  }
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

/** A path under `/v1/services`, each part escaped. */
export function servicePath(...parts: readonly string[]): string {
  return ["/v1/services", ...parts.map(encodeURIComponent)].join("/");
}

function headersOf(
  { body, ifRevision, reason, lastEventId }: SendOptions,
  token: string | undefined,
): Record<string, string> {
  return {
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(ifRevision !== undefined && { "if-match": `"${ifRevision}"` }),
    ...(reason !== undefined && { "x-sluice-reason": fieldOf(reason) }),
    ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
}

/**
 * A reason as a header field: visible ASCII as it stands, others, such as lines, as an `ext-value`
 * (RFC 8187 section 3.2).
 */
function fieldOf(reason: string): string {
  if (/^[\x20-\x7e]*$/.test(reason) && !/^utf-8'/i.test(reason)) return reason;
  const text = encodeURIComponent(reason.toWellFormed());
  return `UTF-8''${text.replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16)}`)}`;
}

function refusal(answer: unknown, status = 0): CliError {
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
