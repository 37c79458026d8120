import { normalize } from "node:path";
import type { UpstreamTls } from "../../proxy/table/tls.ts";

/** The files of a certificate: paths as written, relative to the configuration's folder. */
export type CertificateFiles = {
  /** The chain in PEM, leaf first. */
  readonly cert: string;
  /** The leaf's private key in PEM. */
  readonly key: string;
  /** For which SNI it stands, in lower case. undefined: for the names in the leaf. */
  readonly names: readonly string[] | undefined;
};

/** Everything that a listener or a service reads of TLS. */
export type TlsFiles = {
  readonly certificates: readonly CertificateFiles[];
  /** Roots in PEM. undefined: none, or those of the system. */
  readonly ca: string | undefined;
};

/** A listener's TlsFiles. */
export type ListenerFiles = TlsFiles & {
  readonly bind: string;
  /** Its place among the listeners of the file. */
  readonly at: number;
};

/** TLS to the endpoints of a service, with the files that it is made of. */
export type ServiceTls = { readonly tls: UpstreamTls; readonly files: TlsFiles };

/** The id of the certificate that Consul gives us for its mesh: see TlsIdentity. */
export const CONNECT_IDENTITY = "connect:leaf";

/** The id of that mesh's roots: see TlsTrust. */
export const CONNECT_TRUST = "connect:roots";

/** The id of a certificate from a file: see TlsIdentity. */
export function identityId(cert: string): string {
  return `file:${normalize(cert)}`;
}

/** The id of roots from a file: see TlsTrust. */
export function trustId(ca: string): string {
  return `ca:${normalize(ca)}`;
}

/** All paths that are read. */
export function pathsOf({ certificates, ca }: TlsFiles): readonly string[] {
  const pairs = certificates.flatMap(({ cert, key }) => [cert, key]);
  return ca === undefined ? pairs : [...pairs, ca];
}
