import type { PeerIdentity } from "../transport/peer-certificate.ts";

/**
 * X-Forwarded-Client-Cert as Envoy writes it, as a field line: who we are and who the client is, by
 * certificates that were verified. `ownUris`: of the certificate that we have shown.
 */
export function clientCertField(ownUris: readonly string[], client: PeerIdentity): string {
  const pairs = [
    ...ownUris.map((uri) => `By=${quoted(uri)}`),
    `Hash=${client.fingerprint}`,
    ...client.uris.map((uri) => `URI=${quoted(uri)}`),
    ...client.dns.map((name) => `DNS=${quoted(name)}`),
  ];
  return `X-Forwarded-Client-Cert: ${pairs.join(";")}\r\n`;
}

/** Names are visible ASCII: see certificateNames(). */
function quoted(value: string): string {
  return /[,;="\\]/.test(value) ? `"${value.replaceAll(/["\\]/g, "\\$&")}"` : value;
}
