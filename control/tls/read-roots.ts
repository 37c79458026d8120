import type { X509Certificate } from "node:crypto";
import { nodeTls } from "../../proxy/base/node-tls.ts";
import { asFileFlaw, FileFlaw } from "../base/file-flaw.ts";
import { certificateBlocks, keyBlocks } from "./pem.ts";
import { readCertificate } from "./read-identity.ts";

/** Roots in one file: whole systems trust about 150. */
const ROOTS_MAX = 512;

/** Roots that peers are verified against. */
export type ReadRoots = {
  /** The certificates alone. */
  readonly pem: string;
  /** At least one. */
  readonly roots: readonly X509Certificate[];
};

/** Reads a file of roots. Does not check whether they are valid now. @throws FileFlaw */
export function readRoots(text: string): ReadRoots {
  if (keyBlocks(text).length > 0) {
    throw new FileFlaw("roots alone", "a private key among them, which nobody needs here");
  }
  const blocks = certificateBlocks(text);
  if (blocks.length === 0 || blocks.length > ROOTS_MAX) {
    throw new FileFlaw(`1 to ${ROOTS_MAX} certificates in PEM`, `${blocks.length}`);
  }
  const roots = blocks.map((block, index) => readCertificate(block, index));
  // A leaf that signs itself can be pinned; any other leaf anchors no chain.
  const leaf = roots.findIndex((each) => !each.ca && !each.checkIssued(each));
  if (leaf !== -1) {
    const wanted = "certificates of certification authorities";
    throw new FileFlaw(wanted, `a leaf (number ${leaf + 1})`);
  }
  const pem = blocks.join("");
  checkUsable(pem);
  return { pem, roots };
}

function checkUsable(pem: string): void {
  try {
    nodeTls().createSecureContext({ ca: [pem] });
  } catch (error) {
    throw asFileFlaw(error, "roots that OpenSSL takes");
  }
}
