import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import { oneToken } from "../base/one-token.ts";
import { readSmallFile } from "../base/read-small-file.ts";
import type { FileRule } from "../base/read-small-file.ts";

/** How long files are not read again: a rotated token or certificate is used after this. */
const FRESH_MS = 5_000;

/** Room for a chain, a key, or some roots. */
const FILE_BYTES_MAX = 256 * 1024;

const SECRET: FileRule = { bytesMax: FILE_BYTES_MAX, others: "nothing" };
const PUBLIC: FileRule = { bytesMax: FILE_BYTES_MAX, others: "anything" };

/** Files that say who we are to other sidecars, and whom we trust. */
export type PeerFiles = {
  /** A token of their API. undefined: none is shown. */
  readonly tokenFile: string | undefined;
  /** Roots that their certificates must chain to. undefined: they are not asked over TLS. */
  readonly ca: string | undefined;
  /** Our own certificate and key. undefined: none is shown. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
};

/** What the files hold; undefined where there is none. */
export type PeerSecrets = {
  readonly token: string | undefined;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
};

/** What we show to other sidecars. It is read again after FRESH_MS. */
export class PeerCredentials {
  readonly #files: PeerFiles;
  readonly #clock: Clock;
  #read: { readonly secrets: Promise<PeerSecrets>; readonly atMs: number } | undefined;
  #last: PeerSecrets | undefined;

  constructor(files: PeerFiles, clock: Clock) {
    this.#files = files;
    this.#clock = clock;
  }

  /**
   * The current credentials: the same object for as long as nothing has changed.
   * @throws Error that says which file cannot be used, and never quotes it
   */
  async now(): Promise<PeerSecrets> {
    const nowMs = this.#clock.nowMs();
    if (this.#read === undefined || nowMs - this.#read.atMs > FRESH_MS) {
      this.#read = { secrets: readAll(this.#files), atMs: nowMs };
    }
    const secrets = await this.#read.secrets;
    if (!isDeepStrictEqual(secrets, this.#last)) this.#last = secrets;
    return this.#last ?? secrets;
  }
}

async function readAll({ tokenFile, ca, cert, key }: PeerFiles): Promise<PeerSecrets> {
  return {
    token: await readPeerFile("tokenFile", tokenFile, SECRET, oneToken),
    ca: await readPeerFile("tls.ca", ca, PUBLIC, String),
    cert: await readPeerFile("tls.cert", cert, PUBLIC, String),
    key: await readPeerFile("tls.key", key, SECRET, String),
  };
}

/** `name`: the key of `consul.fleet` that names the file; `textOf`: what its bytes say. */
async function readPeerFile(
  name: string,
  path: string | undefined,
  rule: FileRule,
  textOf: (bytes: Buffer, path: string) => string,
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return textOf(await readSmallFile(path, rule), path);
  } catch (error) {
    throw new Error(`Cannot read consul.fleet.${name}: ${errorText(error)}`, { cause: error });
  }
}
