import type { CertificateStatus } from "../../../control/tls/certificate-status.ts";

/** A certificate whose file was never there. */
export const MISSING_CERTIFICATE: CertificateStatus = {
  id: "file:a.pem",
  kind: "certificate",
  facts: undefined,
  stage: undefined,
  names: [],
  problem: "no file",
  isLasting: true,
  warnings: [],
  usedBy: ["service web"],
};
