import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { errorText } from "../../proxy/base/error-text.ts";
import type { ApiAddress } from "./api-address.ts";
import { usageError } from "./cli-error.ts";
import { readSecretFile } from "./secret-file.ts";

/** Options that say who asks, and whom to believe. */
export type AccessOptions = {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
};

/** PEM of what a client shows and believes. undefined `ca`: the authorities that Node knows. */
export type ClientTls = {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
};

/** A token, and what people call the place that it is from: `--token-file ops.token`. */
export type ApiToken = { readonly text: string; readonly from: string };

/** What a client asks with. Both undefined: as anybody. */
export type ApiAccess = {
  readonly token: ApiToken | undefined;
  readonly tls: ClientTls | undefined;
};

/** Who shows nothing, and believes whom Node believes. */
export const ANYBODY: ApiAccess = { token: undefined, tls: undefined };

/** What to say of a token on the command line. */
export const TOKEN_SHOWN =
  "--token shows the token to everybody who can list processes (`ps`), and the shell keeps it; " +
  "--token-file FILE does not";

/**
 * Reads what options, else the environment, name. The environment's certificates are for an address
 * of `https://` only, so that one environment does for several sidecars.
 * @throws CliError usage
 */
export function readAccess(
  options: AccessOptions,
  env: NodeJS.ProcessEnv,
  { secure, text }: Pick<ApiAddress, "secure" | "text">,
): ApiAccess {
  const { ca, cert, key } = options;
  const token = readToken(options, env);
  if (secure) return { token, tls: readTls(tlsFiles(options, env)) };
  const [given] = Object.entries({ ca, cert, key }).find(([, path]) => path !== undefined) ?? [];
  if (given === undefined) return { token, tls: undefined };
  throw usageError(`Cannot use --${given}: wanted an address with https://, found ${text}`);
}

/** A file comes before a text, as in Consul's own program, and options before the environment. */
function readToken(options: AccessOptions, env: NodeJS.ProcessEnv): ApiToken | undefined {
  const { token, tokenFile } = options;
  if (token !== undefined && tokenFile !== undefined) {
    throw usageError("Cannot choose a token: wanted --token or --token-file, found both");
  }
  if (tokenFile !== undefined) return tokenOf(tokenFile, `--token-file ${tokenFile}`);
  if (token !== undefined) return checked({ text: token, from: "--token" });
  const path = env["SLUICE_TOKEN_FILE"] || undefined;
  if (path !== undefined) return tokenOf(path, `SLUICE_TOKEN_FILE ${path}`);
  const text = env["SLUICE_TOKEN"] || undefined;
  return text === undefined ? undefined : checked({ text, from: "SLUICE_TOKEN" });
}

function tokenOf(path: string, from: string): ApiToken {
  return checked({ text: readSecretFile(`the token of ${from}`, path).trim(), from });
}

/** RFC 6750 section 2.1 lets a token have fewer characters still. */
function checked(token: ApiToken): ApiToken {
  if (/^[!-~]+$/.test(token.text)) return token;
  const found = token.text === "" ? "nothing" : "other characters, or several lines";
  throw usageError(`Cannot send the token of ${token.from}: wanted visible ASCII, found ${found}`);
}

type TlsFile = { readonly path: string; readonly from: string };

type TlsFiles = { readonly [name in "ca" | "cert" | "key"]: TlsFile | undefined };

function tlsFiles(options: AccessOptions, env: NodeJS.ProcessEnv): TlsFiles {
  const file = (name: "ca" | "cert" | "key", variable: string): TlsFile | undefined => {
    const path = options[name] ?? (env[variable] || undefined);
    const from = options[name] === undefined ? variable : `--${name}`;
    return path === undefined ? undefined : { path, from: `${from} ${path}` };
  };
  return {
    ca: file("ca", "SLUICE_CA"),
    cert: file("cert", "SLUICE_CERT"),
    key: file("key", "SLUICE_KEY"),
  };
}

function readTls({ ca, cert, key }: TlsFiles): ClientTls {
  if ((cert === undefined) !== (key === undefined)) {
    throw usageError(
      `Cannot show a certificate: wanted --cert and --key, found ${(cert ?? key)?.from}`,
    );
  }
  const tls = {
    ca: ca && readPem(ca),
    cert: cert && readPem(cert),
    key: key && readSecretFile(`the key of ${key.from}`, key.path),
  };
  if (ca !== undefined) tryOut(ca.from, () => readAuthorities(tls.ca ?? ""));
  if (cert !== undefined) {
    const { cert: chain, key: own } = tls;
    tryOut(`${cert.from} with ${key?.from}`, () => createSecureContext({ cert: chain, key: own }));
  }
  return tls;
}

function readPem({ path, from }: TlsFile): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw usageError(`Cannot read ${from}: ${errorText(error)}`);
  }
}

/** A secure context leaves out what it cannot read, and then believes nobody. */
function readAuthorities(pem: string): void {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error("no certificate");
  for (const block of blocks) void new X509Certificate(block);
}

/** OpenSSL's words, such as `key values mismatch`, name no bytes of a file. */
function tryOut(what: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    throw usageError(`Cannot use ${what}: wanted PEM that fits, found ${errorText(error)}`);
  }
}
