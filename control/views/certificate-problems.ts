import type { CertificateStatus } from "../tls/certificate-status.ts";

/**
 * What may not be well with a certificate. missing: what needs it serves nobody. expired: peers
 * that verify turn away, now. refused: new files are there, but cannot be used. expires: it should
 * have been renewed.
 */
export const CERTIFICATE_PROBLEM_CODES = [
  "certificate_missing",
  "certificate_expired",
  "certificate_refused",
  "certificate_expires",
] as const;

/** One thing that is not well with a certificate. */
type CertificateProblem = {
  readonly code: (typeof CERTIFICATE_PROBLEM_CODES)[number];
  readonly text: string;
};

/** Everything that is not well with certificates. */
export function problemsOfCertificates(
  certificates: readonly CertificateStatus[],
): CertificateProblem[] {
  return certificates.flatMap((status) => {
    const { id, usedBy, facts, stage, problem, isLasting } = status;
    const who = `${id} of ${usedBy.length === 0 ? "nothing" : usedBy.join(", ")}`;
    if (facts === undefined) {
      const text = `${who} is missing, so that it serves nobody: ${problem ?? "not there"}`;
      return [{ code: "certificate_missing", text }];
    }
    const problems: CertificateProblem[] = [];
    if (problem !== undefined && isLasting) {
      const text = `${who}: the new files are not in use, the old ones are: ${problem}`;
      problems.push({ code: "certificate_refused", text });
    }
    const [from, until] = [facts.notBeforeMs, facts.notAfterMs].map((ms) =>
      new Date(ms).toISOString(),
    );
    if (stage === "expired" || stage === "early") {
      const text = `${who} is valid from ${from} to ${until}, not now`;
      problems.push({ code: "certificate_expired", text });
    }
    if (stage === "expires") {
      problems.push({ code: "certificate_expires", text: `${who} expires at ${until}` });
    }
    return problems;
  });
}
