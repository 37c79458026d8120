import { open } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import { secrecyFlaw } from "../base/secret-mode.ts";

/** How old what was read may be: whoever rotates a token or certificate waits no longer. */
const FRESH_MS = 5_000;

/** Largest file that is read: a chain, a key, or some roots. */
const FILE_BYTES_MAX = 256 * 1024;

/** Files that say who we are to other sidecars, and whom we believe. */
export type PeerFiles = {
  /** A token of their API. undefined: none is shown. */
  readonly tokenFile: string | undefined;
  /** Roots of their certificates. undefined: they are not asked over TLS. */
  readonly ca: string | undefined;
  /** Our own certificate with its key. undefined: none is shown. */
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

/** What is shown to other sidecars, read again when it is older than FRESH_MS. */
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
   * As they are now: the same object for as long as nothing has changed.
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
  const token = await readText("tokenFile", tokenFile, true);
  if (token !== undefined && !/^[!-~]+$/.test(token.trim())) {
    throw new Error(`Cannot use ${tokenFile}: wanted one token, found something else`);
  }
  return {
    token: token?.trim(),
    ca: await readText("tls.ca", ca, false),
    cert: await readText("tls.cert", cert, false),
    key: await readText("tls.key", key, true),
  };
}

async function readText(
  name: string,
  path: string | undefined,
  isSecret: boolean,
): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    await using file = await open(path, "r");
    const stats = await file.stat();
    const flaw = isSecret ? secrecyFlaw(path, stats, process.getuid?.()) : undefined;
    if (flaw !== undefined) throw new Error(`wanted ${flaw.wanted}, found ${flaw.found}`);
    if (stats.size <= FILE_BYTES_MAX) return await file.readFile("utf8");
    throw new Error(`wanted at most ${FILE_BYTES_MAX} bytes, found ${stats.size}`);
  } catch (error) {
    const what = `consul.fleet.${name} (${path})`;
    throw new Error(`Cannot read ${what}: ${errorText(error)}`, { cause: error });
  }
}
