import { expect, test } from "vitest";
import type { CertificatesView } from "../../../control/api/deps.ts";
import type { CertificateReload } from "../../../control/tls/certificate-reload.ts";
import { startApi } from "../../support/running-api.ts";
import { cellsOf, runCommand } from "../../support/run-cli.ts";

const facts = {
  subject: "CN=shop",
  issuer: "CN=root",
  notBeforeMs: 0,
  notAfterMs: Date.UTC(2100, 0, 1),
  fingerprint: "0f",
};
const shared = { kind: "certificate", names: [], isLasting: true, warnings: [] } as const;

function certificates(report: Partial<CertificateReload> = {}): CertificatesView {
  return {
    status: () => [
      {
        ...shared,
        id: "file:a.pem",
        facts,
        stage: "fine",
        problem: undefined,
        usedBy: ["service w"],
      },
      {
        ...shared,
        id: "file:b.pem",
        facts: undefined,
        stage: undefined,
        problem: "no",
        usedBy: [],
      },
      { ...shared, id: "file:c.pem", facts, stage: "expires", problem: undefined, usedBy: [] },
    ],
    reload: async () => ({ replaced: [], refused: [], ...report }),
  };
}

test("sluice certificates lists them in columns", async () => {
  await using api = await startApi({ certificates: certificates() });
  const { status, out } = await runCommand(["certificates"], { SLUICE_API: api.url });
  expect(status).toBe(0);
  const days = expect.stringMatching(/^\d{5}$/) as string;
  expect(cellsOf(out)).toEqual([
    ["CERTIFICATE", "SUBJECT", "UNTIL", "DAYS LEFT", "USED BY", "PROBLEM"],
    ["file:a.pem", "CN=shop", "2100-01-01T00:00:00.000Z", days, "service w", "-"],
    ["file:b.pem", "-", "-", "-", "-", "no"],
    ["file:c.pem", "CN=shop", "2100-01-01T00:00:00.000Z", days, "-", "expires"],
  ]);
});

test("sluice certificates reload says what is new, and fails at a refusal", async () => {
  const refused = [{ certificate: "file:b.pem", reason: "no key" }];
  const report = { replaced: ["file:a.pem"], refused };
  await using api = await startApi({ certificates: certificates(report) });
  const result = await runCommand(["certificates", "reload"], { SLUICE_API: api.url });
  expect([result.status, result.out.split("\n")]).toEqual([
    1,
    [
      "1 replaced, 1 as they were, 1 refused",
      "  replaced: file:a.pem",
      "  refused: file:b.pem: no key",
    ],
  ]);
});

test("sluice certificates reload is well when nothing is refused", async () => {
  await using api = await startApi({ certificates: certificates() });
  const args = ["certificates", "reload", "--reason", "renewed"];
  const { status, out } = await runCommand(args, { SLUICE_API: api.url });
  expect([status, out]).toEqual([0, "0 replaced, 3 as they were, 0 refused"]);
  expect(api.logged.join("")).toContain('"reason":"renewed"');
});
