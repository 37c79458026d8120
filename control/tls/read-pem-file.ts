import { open } from "node:fs/promises";
import type { Stats } from "node:fs";
import { asFlaw, CertificateFlaw } from "./certificate-flaw.ts";

/** Largest chain or key: what OpenSSL takes in a handshake is 100 KiB. */
const PAIR_BYTES_MAX = 128 * 1024;

/** Largest file of roots: those of whole systems are 250 KiB. */
const ROOTS_BYTES_MAX = 1024 * 1024;

/** Mode bits by which others than the owner have a file (POSIX S_IRWXG, S_IRWXO). */
const OTHERS = 0o077;

/** The same for a file of root's, whose group may read it: how others get a key from root. */
const OTHERS_THAN_GROUP = 0o037;

/** What a file holds. `key`: a secret, which only we and root may read. */
export type PemFileKind = "chain" | "key" | "roots";

/** Reads a file of PEM. @throws CertificateFlaw, which never quotes it */
export async function readPemFile(path: string, kind: PemFileKind): Promise<string> {
  const wanted = `a readable file ${path}`;
  try {
    await using file = await open(path, "r");
    const stats = await file.stat();
    if (!stats.isFile()) throw new CertificateFlaw(wanted, "something else than a file");
    if (kind === "key") checkSecrecy(path, stats, process.getuid?.());
    const max = kind === "roots" ? ROOTS_BYTES_MAX : PAIR_BYTES_MAX;
    if (stats.size <= max) return await file.readFile("latin1");
    throw new CertificateFlaw(`at most ${max} bytes in ${path}`, `${stats.size}`);
  } catch (error) {
    throw asFlaw(error, wanted);
  }
}

/**
 * Whether nobody else can read a key. `own`: our user. undefined: Windows, which knows neither
 * owners nor modes in this sense, and where nothing is checked.
 * @throws CertificateFlaw that says what helps
 */
export function checkSecrecy(
  path: string,
  { mode, uid }: Pick<Stats, "mode" | "uid">,
  own: number | undefined,
): void {
  if (own === undefined) return;
  if (uid !== 0 && uid !== own) {
    const wanted = `a key of root or of user ${own} (chown ${path})`;
    throw new CertificateFlaw(wanted, `one of user ${uid}`);
  }
  if ((mode & (uid === 0 && own !== 0 ? OTHERS_THAN_GROUP : OTHERS)) === 0) return;
  const wanted = `a key that nobody else can read (chmod 600 ${path})`;
  throw new CertificateFlaw(wanted, `mode ${(mode & 0o777).toString(8).padStart(4, "0")}`);
}
