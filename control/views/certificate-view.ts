import { z } from "zod";
import type { CertificateStatus } from "../tls/certificate-status.ts";

const DAY_MS = 86_400_000;

/** A certificate or roots, for people to look at. Never a key. */
export const certificateViewSchema = z.object({
  id: z.string().describe("Names a use, such as file:tls/shop.pem or ca:tls/mesh.pem"),
  kind: z.enum(["certificate", "roots"]),
  subject: z.string().optional().describe("Absent, as all that follows: nothing is in use"),
  issuer: z.string().optional(),
  notBefore: z.string().optional(),
  notAfter: z.string().optional().describe("Of roots: the end of the one that lasts longest"),
  daysLeft: z.int().optional().describe("Whole days until then; negative: since then"),
  fingerprint: z.string().optional().describe("SHA-256, in hex"),
  stage: z
    .enum(["early", "fine", "expires", "expired"])
    .optional()
    .describe("early: not valid yet. expires: less than a third of its life is left"),
  names: z.array(z.string()).describe("The hosts whose clients get it"),
  usedBy: z.array(z.string()),
  warnings: z.array(z.string()).describe("What is not as it should be, but keeps nobody from it"),
  problem: z
    .string()
    .optional()
    .describe("Why what its files hold now is not in use; what was in use before still is"),
});

/** What GET returns for a certificate. */
export type CertificateView = z.infer<typeof certificateViewSchema>;

/** Shows a certificate. `nowMs`: wall clock. */
export function certificateView(status: CertificateStatus, nowMs: number): CertificateView {
  const { id, kind, facts, stage, names, usedBy, warnings, problem } = status;
  return {
    id,
    kind,
    ...(facts !== undefined && {
      subject: facts.subject,
      issuer: facts.issuer,
      notBefore: new Date(facts.notBeforeMs).toISOString(),
      notAfter: new Date(facts.notAfterMs).toISOString(),
      daysLeft: Math.floor((facts.notAfterMs - nowMs) / DAY_MS),
      fingerprint: facts.fingerprint,
    }),
    ...(stage !== undefined && { stage }),
    names: [...names],
    usedBy: [...usedBy],
    warnings: [...warnings],
    ...(problem !== undefined && { problem }),
  };
}
