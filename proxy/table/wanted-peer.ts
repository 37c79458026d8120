import type { X509Certificate } from "node:crypto";
import { nodeCrypto } from "../base/node-tls.ts";
import { certificateNames } from "./certificate-names.ts";
import type { EndpointSnapshot } from "./snapshot.ts";
import type { UpstreamTls } from "./tls.ts";

/** What a client wants of the server that it reaches. */
export type WantedPeer = {
  /** Host name, or IP address without brackets; counts if `sans` is empty. "": there is none. */
  readonly name: string;
  /** URI or DNS SANs, one of which it must have. */
  readonly sans: readonly string[];
};

/** SPIFFE: a certificate with such a name has one URI (X509-SVID section 2). */
const SPIFFE = "spiffe://";

/** An IPv4 address, or what can only be an IPv6 address. */
const ADDRESS = /^[\d.]+$|:/;

/** Whom to expect at an endpoint of a service. */
export function wantedPeer(
  tls: UpstreamTls,
  { address, host, san }: Pick<EndpointSnapshot, "address" | "host" | "san">,
): WantedPeer {
  const sans = san === undefined ? tls.sans : [san];
  return { name: tls.serverName ?? host ?? hostOf(address), sans };
}

/** The name to send as SNI, which has no addresses (RFC 6066 section 3). undefined: none. */
export function serverNameOf({ name }: WantedPeer): string | undefined {
  return name === "" || ADDRESS.test(name) ? undefined : name;
}

/** Whether a certificate, in DER, is that of the peer. Its chain is not looked at. */
export function isWantedPeer(der: Buffer, { name, sans }: WantedPeer): boolean {
  if (sans.length > 0) return hasOneOf(der, sans);
  if (name === "") return false;
  const { X509Certificate: Certificate } = nodeCrypto();
  return isFor(new Certificate(der), name);
}

function hasOneOf(der: Buffer, sans: readonly string[]): boolean {
  const { dns, uris } = certificateNames(der);
  const names = dns.map((name) => name.toLowerCase());
  return sans.some((san) => {
    if (san.startsWith(SPIFFE)) return uris.length === 1 && uris[0] === san;
    return uris.includes(san) || names.includes(san.toLowerCase());
  });
}

/** Never by the common name. */
function isFor(certificate: X509Certificate, name: string): boolean {
  const found = ADDRESS.test(name)
    ? certificate.checkIP(name)
    : certificate.checkHost(name, { subject: "never", partialWildcards: false });
  return found !== undefined;
}

/** A Unix socket has none. */
function hostOf(address: string): string {
  if (address.startsWith("unix:")) return "";
  const host = address.slice(0, address.lastIndexOf(":"));
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
