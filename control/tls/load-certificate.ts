import { resolve } from "node:path";
import { identityId, trustId } from "../config/tls-files.ts";
import type { CertificateFiles } from "../config/tls-files.ts";
import type { TlsIdentity, TlsTrust } from "../../proxy/table/tls.ts";
import { factsOf, hostsIn } from "./certificate-facts.ts";
import type { CertificateFacts } from "./certificate-facts.ts";
import { readIdentity } from "./read-identity.ts";
import { readPemFile } from "./read-pem-file.ts";
import { readRoots } from "./read-roots.ts";

/** What has been read from files. */
export type LoadedCertificate<Material> = {
  /** What workers get. Secret if it has a key. */
  readonly material: Material;
  /** About the leaf, or about the root that is valid longest. */
  readonly facts: CertificateFacts;
  /** Flaws that do not prevent its use. */
  readonly warnings: readonly string[];
};

/** Where a certificate or roots are read from, again and again. */
export type CertificateSource<Material> = {
  readonly id: string;
  /** What it is made from: sources with the same recipe give the same. */
  readonly recipe: string;
  /** All files that it is read from. */
  readonly paths: readonly string[];
  /** @throws FileFlaw */
  readonly load: () => Promise<LoadedCertificate<Material>>;
};

/** A certificate with its key. `folder`: where relative paths begin. */
export function identitySource(
  folder: string,
  files: CertificateFiles,
): CertificateSource<TlsIdentity> {
  const [cert, key] = [resolve(folder, files.cert), resolve(folder, files.key)];
  const id = identityId(files.cert);
  const load = async (): Promise<LoadedCertificate<TlsIdentity>> => {
    const chainText = await readPemFile(cert, "chain");
    const read = readIdentity(chainText, await readPemFile(key, "key"));
    const { certPem, keyPem, leaf, warnings } = read;
    const names = files.names ?? hostsIn(leaf);
    return { material: { id, certPem, keyPem, names }, facts: factsOf(leaf), warnings };
  };
  return { id, recipe: JSON.stringify([key, files.names]), paths: [cert, key], load };
}

/** Roots. `folder`: where relative paths begin. */
export function rootsSource(folder: string, ca: string): CertificateSource<TlsTrust> {
  const path = resolve(folder, ca);
  const id = trustId(ca);
  const load = async (): Promise<LoadedCertificate<TlsTrust>> => {
    const { pem, roots } = readRoots(await readPemFile(path, "roots"));
    return { material: { id, pem }, facts: factsOfRoots(roots.map(factsOf)), warnings: [] };
  };
  return { id, recipe: "", paths: [path], load };
}

/** While roots are replaced, old ones expire: what counts is how long at least one is valid. */
export function factsOfRoots(roots: readonly CertificateFacts[]): CertificateFacts {
  const byEnd = roots.toSorted((one, other) => other.notAfterMs - one.notAfterMs);
  return byEnd[0] as CertificateFacts;
}
