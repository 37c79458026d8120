import { createPrivateKey, X509Certificate } from "node:crypto";
import { z } from "zod";
import { soleServiceId } from "../../proxy/intentions/spiffe-id.ts";
import type { ServiceId } from "../../proxy/intentions/spiffe-id.ts";
import { certificateNames } from "../../proxy/table/certificate-names.ts";
import { parseAnswer } from "../consul/answer.ts";
import { ConsulError } from "../consul/consul-error.ts";

/** Roots in force at once: two during a rotation, and more if rotations overlap. */
const ROOTS_MAX = 32;

/** The certificate that Consul gave one of our services, with its key. Secret. */
export type ConnectLeaf = {
  /** Who we are, according to it. */
  readonly id: ServiceId;
  /** The chain in PEM, leaf first. */
  readonly certPem: string;
  readonly keyPem: string;
};

/** The roots that everybody in the mesh trusts. */
export type ConnectRoots = {
  /** In lower case. */
  readonly trustDomain: string;
  /** All roots in PEM, including those that no longer sign. */
  readonly pem: string;
};

const leafSchema = z.object({ CertPEM: z.string(), PrivateKeyPEM: z.string() });

const rootsSchema = z.object({
  TrustDomain: z.string().min(1),
  Roots: z
    .array(z.object({ RootCert: z.string() }))
    .min(1)
    .max(ROOTS_MAX),
});

/**
 * Reads `GET /v1/agent/connect/ca/leaf/SERVICE`. @throws ConsulError consul_unreadable, also if the
 * certificate is another service's or the key does not match; it never quotes the key
 */
export function parseLeaf(action: string, text: string, service: string): ConnectLeaf {
  const read = leafSchema.safeParse(parseAnswer(action, text)).data;
  if (read === undefined) throw unreadable(action, "holds no certificate");
  const { CertPEM: certPem, PrivateKeyPEM: keyPem } = read;
  const leaf = certificateOf(action, certPem);
  const id = soleServiceId(certificateNames(leaf.raw).uris);
  if (id?.service !== service) throw unreadable(action, "holds a certificate of somebody else");
  if (!isKeyOf(leaf, keyPem)) throw unreadable(action, "holds a key that is not the certificate's");
  return { id, certPem, keyPem };
}

/** Reads `GET /v1/agent/connect/ca/roots`. @throws ConsulError consul_unreadable */
export function parseRoots(action: string, text: string): ConnectRoots {
  const read = rootsSchema.safeParse(parseAnswer(action, text)).data;
  if (read === undefined) throw unreadable(action, "holds no roots");
  const roots = read.Roots.map(({ RootCert }) => RootCert.trim());
  for (const root of roots) certificateOf(action, root);
  return { trustDomain: read.TrustDomain.toLowerCase(), pem: `${roots.join("\n")}\n` };
}

function certificateOf(action: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw unreadable(action, "holds a certificate that is none");
  }
}

function isKeyOf(leaf: X509Certificate, keyPem: string): boolean {
  try {
    return leaf.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

function unreadable(action: string, what: string): ConsulError {
  return new ConsulError("consul_unreadable", action, `Consul's answer ${what}`);
}
