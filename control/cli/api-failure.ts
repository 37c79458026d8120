import { CliError } from "./cli-error.ts";
import { errorCode } from "../../proxy/base/error-text.ts";

/** How long an answer may take: an upgrade, the slowest call, gives up before this. */
export const ANSWER_TIMEOUT_MS = 45_000;

/** What an error stopped. `timedOut`: it was our own limit that did. */
export type Stopped = { readonly url: string; readonly timedOut?: boolean };

/** What stopped a request, or the reading of its answer. */
export function failureOf(error: unknown, { url, timedOut = false }: Stopped): unknown {
  const code = errorCode(error) ?? "";
  if (code.startsWith("HPE_")) {
    const message = `Cannot read the answer of ${url}: it is no HTTP; is that the control API?`;
    return new CliError("bad_answer", message, { cause: error });
  }
  const tooLate = `no answer within ${ANSWER_TIMEOUT_MS / 1000} s`;
  const why = timedOut ? tooLate : (tlsWhy(error as Error, code) ?? whyOf(code, url));
  if (why === undefined) return error;
  const message = `Cannot reach the control API at ${url}: ${why}`;
  return new CliError("unreachable", message, { cause: error });
}

/** What a system error means here, and what to do. undefined: it is not about the connection. */
function whyOf(code: string, url: string): string | undefined {
  switch (code) {
    case "ECONNREFUSED":
    case "ENOENT":
      return `${code}; is \`sluice run\` running? Another address: --api URL or SLUICE_API`;
    case "EACCES":
    case "EPERM":
      return `${code}; its socket is kept for another user`;
    case "ECONNRESET":
    case "EPIPE":
      return `${code}: the connection ended before the answer did${resetHint(url)}`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${code}: its name has no address`;
    default:
      // Codes of the system and of OpenSSL; an error of ours has none, or Node's `ERR_…`.
      return /^(E(?!RR_)|ERR_(SSL|TLS)_|[A-Z]+_[A-Z_]*(CERT|SIGN))/.test(code) ? code : undefined;
  }
}

/** An end without a word is also what is left of a handshake that the other side did not like. */
function resetHint(url: string): string {
  if (url.startsWith("unix:")) return "";
  if (!url.startsWith("https:")) return "; if it has TLS, its address begins with https://";
  return "; if it asks for a certificate: one that it takes by --cert and --key";
}

/** Parts of codes, or of OpenSSL's words, with what they mean here. */
const TLS_REASONS: readonly (readonly [sign: RegExp, why: string])[] = [
  [
    /^(SELF_SIGNED_CERT|DEPTH_ZERO|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF))/,
    "nobody here trusts who signed its certificate; --ca FILE or SLUICE_CA does",
  ],
  [/^ERR_TLS_CERT_ALTNAME/, "its certificate is for other names than this address has"],
  [/^CERT_HAS_EXPIRED/, "its certificate has expired; it has to be renewed there"],
  [/^CERT_NOT_YET_VALID/, "its certificate is not valid yet; is the clock right?"],
  [
    /certificate required|handshake failure/,
    "it asks for a client certificate; --cert FILE with --key FILE shows one",
  ],
  [
    /alert (bad|unsupported|unknown|certificate|no) ?(certificate|ca|revoked|expired|unknown)/,
    "it does not take the client certificate of --cert or SLUICE_CERT",
  ],
  [
    /wrong version number|http request/,
    "it speaks no TLS; without, its address begins with http://",
  ],
  [/protocol version/, "it speaks no TLS from 1.2 on"],
];

function tlsWhy({ message }: Error, code: string): string | undefined {
  const isTls = /^(ERR_SSL_|ERR_TLS_|EPROTO)|CERT|SIGNATURE|ISSUER/.test(code);
  const found = isTls
    ? TLS_REASONS.find(([sign]) => sign.test(code) || sign.test(message))
    : undefined;
  return found && `${code}: ${found[1]}`;
}
