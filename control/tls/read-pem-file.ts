import { readSmallFile } from "../base/read-small-file.ts";
import type { FileRule } from "../base/read-small-file.ts";

/** Largest chain or key: OpenSSL takes 100 KiB in a handshake. */
const PAIR_BYTES_MAX = 128 * 1024;

/** Largest file of roots: those of a whole system take 250 KiB. */
const ROOTS_BYTES_MAX = 1024 * 1024;

/** What a file holds. `key`: a secret, which only we and root may read. */
export type PemFileKind = "chain" | "key" | "roots";

const RULES: Readonly<Record<PemFileKind, FileRule>> = {
  chain: { bytesMax: PAIR_BYTES_MAX, others: "anything" },
  key: { bytesMax: PAIR_BYTES_MAX, others: "nothing" },
  roots: { bytesMax: ROOTS_BYTES_MAX, others: "anything" },
};

/** Reads a file of PEM. @throws FileFlaw, which never quotes it */
export async function readPemFile(path: string, kind: PemFileKind): Promise<string> {
  return (await readSmallFile(path, RULES[kind])).toString("latin1");
}
