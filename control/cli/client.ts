import type { IncomingMessage } from "node:http";
import type { ApiAccess } from "./api-access.ts";
import type { ApiAddress } from "./api-address.ts";
import { failureOf } from "./api-failure.ts";
import { openAnswer } from "./api-request.ts";
import type { ApiRequest, Connecting } from "./api-request.ts";
import { clearTextGuard } from "./clear-text.ts";
import { CliError } from "./cli-error.ts";
import { refusalOf } from "./refusal.ts";

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
  /** Change weights that a rollout looks after. */
  readonly takeOver?: boolean | undefined;
};

/** Talks to the control API. All its errors are CliErrors that say what to do. */
export class ApiClient {
  readonly #connecting: Connecting;
  readonly #access: ApiAccess;

  /** @throws CliError token_in_clear */
  constructor(address: ApiAddress, access: ApiAccess) {
    const lookup = access.token && clearTextGuard(address);
    this.#connecting = { address, tls: access.tls, lookup };
    this.#access = access;
  }

  /** Without a slash at its end. */
  get url(): string {
    return this.#connecting.address.text;
  }

  /** @throws CliError when there is no answer, or one that is no success */
  get<Answer>(path: string, options: Pick<SendOptions, "endsBy"> = {}): Promise<Answer> {
    return this.send("GET", path, options);
  }

  /** A stream of lines as they come. @throws CliError when it cannot be opened, or breaks */
  async *lines(path: string, options: SendOptions): AsyncGenerator<string> {
    const response = await this.#ask("GET", path, options);
    if (!isSuccess(response)) throw await this.#refusal(response);
    let rest = "";
    try {
      for await (const chunk of response.setEncoding("utf8")) {
        const lines = (rest + String(chunk)).split("\n");
        rest = lines.pop() ?? "";
        yield* lines;
      }
    } catch (error) {
      throw failureOf(error, { url: this.url });
    }
  }

  /** @throws CliError when there is no answer, or one that is no success */
  async send<Answer>(method: string, path: string, options: SendOptions = {}): Promise<Answer> {
    const response = await this.#ask(method, path, options);
    if (!isSuccess(response)) throw await this.#refusal(response);
    return (await this.#read(response)) as Answer;
  }

  /** Like get(), but a 503 is an answer too: with it `readyz` says why the sidecar is not ready. */
  async probe<Answer>(path: string): Promise<Answer> {
    const response = await this.#ask("GET", path, {});
    const isAnswer = isSuccess(response) || response.statusCode === 503;
    if (!isAnswer) throw await this.#refusal(response);
    return (await this.#read(response)) as Answer;
  }

  #ask(method: string, path: string, options: SendOptions): Promise<IncomingMessage> {
    const { body, endsBy } = options;
    const request: ApiRequest = {
      method,
      path: withSwitches(path, options),
      headers: headersOf(options, this.#access.token?.text),
      body: body === undefined ? undefined : JSON.stringify(body),
      endsBy,
    };
    return openAnswer(this.#connecting, request);
  }

  async #refusal(response: IncomingMessage): Promise<CliError> {
    const body = await this.#read(response).catch((error: unknown) => {
      // A proxy in between refuses in words of its own: its status says enough.
      if (error instanceof CliError && error.code === "bad_answer") return undefined;
      throw error;
    });
    const { statusCode = 0, headers } = response;
    return refusalOf({ status: statusCode, headers, body }, this.#access);
  }

  async #read(response: IncomingMessage): Promise<unknown> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    } catch (error) {
      throw failureOf(error, { url: this.url });
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

function withSwitches(path: string, { force, takeOver }: SendOptions): string {
  const switches = Object.entries({ force, takeOver }).filter(([, isOn]) => isOn === true);
  if (switches.length === 0) return path;
  const query = switches.map(([name]) => `${name}=true`).join("&");
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
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
