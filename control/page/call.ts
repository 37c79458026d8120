/** An error that the API answered with (RFC 9457), or that kept it from answering. */
export class CallError extends Error {
  /** 0: there was no answer. */
  readonly status: number;
  /** Stable; see docs/control-api.md. */
  readonly code: string;
  /** The current one, if somebody else was faster (412). */
  readonly revision: number | undefined;

  constructor(message: string, status: number, code: string, revision?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.revision = revision;
  }
}

/** What a call says besides method and path. */
export type CallOptions = {
  readonly body?: unknown;
  /** The revision that a write is based on. */
  readonly revision?: number;
  /** "": none. */
  readonly reason?: string;
};

/** Calls the control API. @throws CallError */
export type Call = <Answer>(
  method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE",
  path: string,
  options?: CallOptions,
) => Promise<Answer>;

/** How calls reach the API. */
export type CallDeps = {
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
  /** "": callers need none. */
  readonly token: () => string;
  /** The API wants a token, or another one. */
  readonly onUnauthenticated: () => void;
};

/** Longest wait for an answer: a new process has 30 s to serve. */
const ANSWER_WAIT_MS = 60_000;

/** A caller of the API. */
export function caller({ fetch, token, onUnauthenticated }: CallDeps): Call {
  return async <Answer>(method: string, path: string, options: CallOptions = {}) => {
    const { body } = options;
    const answer = await fetch(path, {
      method,
      headers: headersOf(options, token()),
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_WAIT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new CallError(`The sidecar does not answer: ${String(error)}`, 0, "unreachable");
    });
    const content: unknown = await answer.json().catch(() => ({}));
    // Not ready is an answer, not an error.
    if (answer.ok || path === "/readyz") return content as Answer;
    if (answer.status === 401) onUnauthenticated();
    throw problemOf(answer.status, content);
  };
}

/** The header fields by which a call says who makes it. */
export function credentialOf(token: string): Record<string, string> {
  return token === "" ? {} : { authorization: `Bearer ${token}` };
}

function headersOf({ body, revision, reason = "" }: CallOptions, token: string): HeadersInit {
  return {
    ...credentialOf(token),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(revision === undefined ? {} : { "if-match": `"${revision}"` }),
    ...(reason.trim() === "" ? {} : { "x-sluice-reason": reasonField(reason.trim()) }),
  };
}

/** As it stands, or as an ext-value (RFC 8187): browsers send no other bytes in header fields. */
function reasonField(reason: string): string {
  return /^[\x20-\x7e]*$/.test(reason) ? reason : `UTF-8''${encodeURIComponent(reason)}`;
}

function problemOf(status: number, content: unknown): CallError {
  const { detail, code, revision } = content as {
    readonly detail?: string;
    readonly code?: string;
    readonly revision?: number;
  };
  return new CallError(detail ?? `status ${status}`, status, code ?? "unknown", revision);
}

/** The path of a service, or of something of it. */
export function pathOfService(service: string, ...rest: readonly string[]): string {
  return ["/v1/services", service, ...rest]
    .map((each, at) => (at === 0 ? each : encodeURIComponent(each)))
    .join("/");
}

/** What an error says to people. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
