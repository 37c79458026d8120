import { makeAuthority, makeCertificate } from "./certificates.ts";
import type { CertificateWish, TestCertificate } from "./certificates.ts";

/** A certificate, the leaf first where it is a chain, with its private key. */
export type IssuedCertificate = Pick<TestCertificate, "certPem" | "keyPem">;

type Validity = Pick<CertificateWish, "notBefore" | "notAfter">;

/** Who signs certificates for tests. */
export type Authority = {
  /** Its own certificate, for those who are to trust it. */
  readonly pem: string;
  /** The same with its key. */
  readonly own: IssuedCertificate;
  /** Signs a certificate for a new key, by default for a day that began an hour ago. */
  issue(wish?: Omit<CertificateWish, "issuer">): IssuedCertificate;
  /** An authority below it, whose certificates come as chains. */
  intermediate(subject: string): Authority;
};

/** A new authority that signs itself. */
export function createAuthority(subject = "test authority", wish: Validity = {}): Authority {
  return authorityOf(makeAuthority(subject, { ...aDay(), ...wish }), "");
}

/** `chain`: what follows each certificate, up to the root but without it. */
function authorityOf(own: TestCertificate, chain: string): Authority {
  const { certPem: pem, keyPem } = own;
  return {
    pem,
    own: { certPem: pem, keyPem },
    issue(wish = {}) {
      const issued = makeCertificate({ ...aDay(), ...wish, issuer: own });
      return { certPem: issued.certPem + chain, keyPem: issued.keyPem };
    },
    intermediate(subject) {
      const below = makeAuthority(subject, { ...aDay(), issuer: own });
      return authorityOf(below, below.certPem + chain);
    },
  };
}

const HOUR_MS = 3_600_000;

function aDay(): Required<Validity> {
  const now = Date.now();
  return { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + 24 * HOUR_MS) };
}
