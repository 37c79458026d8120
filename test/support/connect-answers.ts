import { makeAuthority, makeCertificate } from "./certificates.ts";

const TRUST_DOMAIN = "15a114cf-c2a2-5fcb-7a84-a39234966ee0.consul";

/** Who signs everybody in that mesh. */
export const CONSUL_AUTHORITY = makeAuthority("Consul CA Root Cert", {
  names: [`URI:spiffe://${TRUST_DOMAIN}`],
});

const leaf = makeCertificate({
  subject: "web.svc.default.15a114cf.consul",
  names: [`URI:spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web`],
  issuer: CONSUL_AUTHORITY,
});

/** What an agent answers of the certificate of `web`. */
export const CONSUL_LEAF = {
  SerialNumber: "08",
  CertPEM: leaf.certPem,
  PrivateKeyPEM: leaf.keyPem,
  Service: "web",
  ServiceURI: `spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web`,
};

/** What it answers of the roots of that mesh. */
export const CONSUL_ROOTS = {
  TrustDomain: TRUST_DOMAIN,
  Roots: [{ Name: "Consul CA Root Cert", Active: true, RootCert: CONSUL_AUTHORITY.certPem }],
};

/** A key of no certificate here. */
export const OTHER_KEY = makeCertificate().keyPem;
