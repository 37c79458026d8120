import { expect, test } from "vitest";
import type { CertificateStatus } from "../../../control/tls/certificate-status.ts";
import { certificateView, certificateViewSchema } from "../../../control/views/certificate-view.ts";

const DAY_MS = 86_400_000;
const status: CertificateStatus = {
  id: "file:a.pem",
  kind: "certificate",
  facts: { subject: "CN=a", issuer: "CN=b", notBeforeMs: 0, notAfterMs: DAY_MS, fingerprint: "0f" },
  stage: "expires",
  names: ["a.b"],
  problem: "wanted another",
  isLasting: true,
  warnings: ["it has signed itself"],
  usedBy: ["service web"],
};

test("certificateView() shows all that people want to know", () => {
  const view = certificateView(status, DAY_MS / 2);
  expect(certificateViewSchema.parse(view)).toEqual({
    id: "file:a.pem",
    kind: "certificate",
    subject: "CN=a",
    issuer: "CN=b",
    notBefore: "1970-01-01T00:00:00.000Z",
    notAfter: "1970-01-02T00:00:00.000Z",
    daysLeft: 0,
    fingerprint: "0f",
    stage: "expires",
    names: ["a.b"],
    usedBy: ["service web"],
    warnings: ["it has signed itself"],
    problem: "wanted another",
  });
  expect(certificateView(status, 3 * DAY_MS).daysLeft).toBe(-2);
});

test("certificateView() of what is missing has no facts", () => {
  const view = certificateView({ ...status, facts: undefined, stage: undefined }, 0);
  expect(Object.keys(certificateViewSchema.parse(view))).toEqual([
    "id",
    "kind",
    "names",
    "usedBy",
    "warnings",
    "problem",
  ]);
});
