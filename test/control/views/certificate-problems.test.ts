import { expect, test } from "vitest";
import type { CertificateStatus } from "../../../control/tls/certificate-status.ts";
import {
  CERTIFICATE_PROBLEM_CODES,
  problemsOfCertificates,
} from "../../../control/views/certificate-problems.ts";
import { PROBLEM_CODES } from "../../../control/views/problems-view.ts";

const status: CertificateStatus = {
  id: "file:a.pem",
  kind: "certificate",
  facts: { subject: "", issuer: "", notBeforeMs: 0, notAfterMs: 86_400_000, fingerprint: "" },
  stage: "fine",
  names: [],
  problem: undefined,
  isLasting: false,
  warnings: [],
  usedBy: ["listener a:1", "service web"],
};
const WHO = "file:a.pem of listener a:1, service web";
const SPAN = "1970-01-01T00:00:00.000Z to 1970-01-02T00:00:00.000Z";

test.each<[Partial<CertificateStatus>, readonly string[]]>([
  [{}, []],
  [{ problem: "no key" }, []],
  [
    { problem: "no key", isLasting: true },
    [`certificate_refused ${WHO}: the new files are not in use, the old ones are: no key`],
  ],
  [{ stage: "expired" }, [`certificate_expired ${WHO} is valid from ${SPAN}, not now`]],
  [{ stage: "early" }, [`certificate_expired ${WHO} is valid from ${SPAN}, not now`]],
  [{ stage: "expires" }, [`certificate_expires ${WHO} expires at 1970-01-02T00:00:00.000Z`]],
  [
    { facts: undefined, stage: undefined, problem: "no file", usedBy: [] },
    ["certificate_missing file:a.pem of nothing is missing, so that it serves nobody: no file"],
  ],
])("problemsOfCertificates() of %o", (parts, expected) => {
  const found = problemsOfCertificates([{ ...status, ...parts }]);
  expect(found.map(({ code, text }) => `${code} ${text}`)).toEqual(expected);
});

test("CERTIFICATE_PROBLEM_CODES are codes of problems", () => {
  expect(PROBLEM_CODES).toEqual(expect.arrayContaining([...CERTIFICATE_PROBLEM_CODES]));
});
