import { open } from "node:fs/promises";
import { secrecyFlaw } from "../base/secret-mode.ts";
import { asFlaw, CertificateFlaw } from "./certificate-flaw.ts";

/** Largest chain or key: what OpenSSL takes in a handshake is 100 KiB. */
const PAIR_BYTES_MAX = 128 * 1024;

/** Largest file of roots: those of whole systems are 250 KiB. */
const ROOTS_BYTES_MAX = 1024 * 1024;

/** What a file holds. `key`: a secret, which only we and root may read. */
export type PemFileKind = "chain" | "key" | "roots";

/** Reads a file of PEM. @throws CertificateFlaw, which never quotes it */
export async function readPemFile(path: string, kind: PemFileKind): Promise<string> {
  const wanted = `a readable file ${path}`;
  try {
    await using file = await open(path, "r");
    const stats = await file.stat();
    if (!stats.isFile()) throw new CertificateFlaw(wanted, "something else than a file");
    const flaw = kind === "key" ? secrecyFlaw(path, stats, process.getuid?.()) : undefined;
    if (flaw !== undefined) throw new CertificateFlaw(flaw.wanted, flaw.found);
    const max = kind === "roots" ? ROOTS_BYTES_MAX : PAIR_BYTES_MAX;
    if (stats.size <= max) return await file.readFile("latin1");
    throw new CertificateFlaw(`at most ${max} bytes in ${path}`, `${stats.size}`);
  } catch (error) {
    throw asFlaw(error, wanted);
  }
}
