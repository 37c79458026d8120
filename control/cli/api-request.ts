import type { IncomingMessage } from "node:http";
import { http, https } from "../base/node-http.ts";
import { CliError, usageError } from "./cli-error.ts";

/** Where the control API is unless somebody says otherwise. */
export const DEFAULT_API = "http://127.0.0.1:9180";

/** How long an answer may take: an upgrade, the slowest call, gives up before this. */
const ANSWER_TIMEOUT_MS = 45_000;

/** How the address of the API may be written; `control.bind` as it stands is one of these. */
const ADDRESS_WANTED =
  "a URL such as http://127.0.0.1:9180, an address such as 127.0.0.1:9180, or unix:/PATH";

/** Where requests go. */
export type ApiAddress = {
  /** For people: as it was written, without a slash at its end. */
  readonly text: string;
  readonly secure: boolean;
  /** undefined: by `socketPath`. */
  readonly origin: URL | undefined;
  readonly socketPath: string | undefined;
  /** What stands before each path. */
  readonly prefix: string;
};

/** One request. `body`: JSON. `endsBy`: until when it goes on; undefined: as long as usual. */
export type ApiRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly endsBy?: AbortSignal | undefined;
};

/** Reads the address of an API. @throws CliError usage */
export function readApiAddress(written: string): ApiAddress {
  const text = written.replace(/\/+$/, "");
  const [, socketPath] = /^unix:(?:\/\/)?(\/.*)$/.exec(text) ?? [];
  if (socketPath !== undefined) {
    return { text, secure: false, origin: undefined, socketPath, prefix: "" };
  }
  const origin = URL.parse(written.includes("://") ? written : `http://${written}`);
  const secure = origin?.protocol === "https:";
  const isKnown = secure || origin?.protocol === "http:";
  if (origin === null || !isKnown || origin.search !== "" || origin.hash !== "") {
    const found = JSON.stringify(written);
    throw usageError(
      `Cannot read the address of the API: wanted ${ADDRESS_WANTED}, found ${found}`,
    );
  }
  const prefix = origin.pathname.replace(/\/+$/, "");
  return { text, secure, origin, socketPath: undefined, prefix };
}

/**
 * Sends a request. Resolves with the head of its answer, whose body is still to be read. Not fetch:
 * that knows no Unix sockets and refuses ports such as 6000 and 10080.
 * @throws CliError unreachable, bad_answer
 */
export function openAnswer(address: ApiAddress, request: ApiRequest): Promise<IncomingMessage> {
  const { method, path, headers, body, endsBy } = request;
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const options = {
    method,
    headers: {
      ...headers,
      ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
    },
    path: address.prefix + path,
    signal: endsBy ?? timeout,
    agent: false,
  } as const;
  return new Promise((resolve, reject) => {
    const { secure, origin, socketPath } = address;
    const send = (secure ? https : http).request;
    const sent =
      origin === undefined
        ? send({ ...options, socketPath, host: "localhost" }, resolve)
        : send(origin, options, resolve);
    sent.on("error", (error) =>
      reject(failureOf(error, address.text, endsBy === undefined && timeout.aborted)),
    );
    sent.end(body);
  });
}

/** What stopped a request, or the reading of its answer. */
export function failureOf(error: unknown, url: string, timedOut = false): unknown {
  const { code = "" } = error as NodeJS.ErrnoException;
  if (code.startsWith("HPE_")) {
    const message = `Cannot read the answer of ${url}: it is no HTTP; is that the control API?`;
    return new CliError("bad_answer", message, { cause: error });
  }
  const why = timedOut ? `no answer within ${ANSWER_TIMEOUT_MS / 1000} s` : whyOf(code);
  if (why === undefined) return error;
  const message = `Cannot reach the control API at ${url}: ${why}`;
  return new CliError("unreachable", message, { cause: error });
}

/** What a system error means here, and what to do. undefined: it is not about the connection. */
function whyOf(code: string): string | undefined {
  switch (code) {
    case "ECONNREFUSED":
    case "ENOENT":
      return `${code}; is \`sluice run\` running? Another address: --api URL or SLUICE_API`;
    case "EACCES":
    case "EPERM":
      return `${code}; its socket is kept for another user`;
    case "ECONNRESET":
    case "EPIPE":
      return `${code}: the connection ended before the answer did`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${code}: its name has no address`;
    default:
      // Codes of the system and of OpenSSL; an error of ours has none, or Node's `ERR_…`.
      return /^(E(?!RR_)|ERR_(SSL|TLS)_|[A-Z]+_[A-Z_]*(CERT|SIGN))/.test(code) ? code : undefined;
  }
}
