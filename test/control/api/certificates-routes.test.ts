import { expect, test } from "vitest";
import type { CertificatesView } from "../../../control/api/deps.ts";
import { startApi } from "../../support/running-api.ts";
import { MISSING_CERTIFICATE } from "../tls/missing-certificate.ts";

const shown = {
  id: "file:a.pem",
  kind: "certificate",
  names: [],
  usedBy: ["service web"],
  warnings: [],
  problem: "no file",
};

function certificates(): CertificatesView {
  const refused = [{ certificate: "file:a.pem", reason: "no file" }];
  return {
    status: () => [MISSING_CERTIFICATE],
    reload: async () => ({ replaced: ["ca:b.pem"], refused }),
  };
}

test("GET /v1/certificates lists them, and readyz says what is not well", async () => {
  await using api = await startApi({ certificates: certificates() });
  const answer = await fetch(`${api.url}/v1/certificates`);
  expect(await answer.json()).toEqual({ certificates: [shown] });
  const ready = await fetch(`${api.url}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([
    200,
    { problems: [{ code: "certificate_missing" }] },
  ]);
});

test("POST /v1/certificates/reload reads them again, and says what became of it", async () => {
  await using api = await startApi({ certificates: certificates() });
  const answer = await fetch(`${api.url}/v1/certificates/reload`, { method: "POST" });
  expect([answer.status, await answer.json()]).toEqual([
    200,
    {
      replaced: ["ca:b.pem"],
      refused: [{ certificate: "file:a.pem", reason: "no file" }],
      certificates: [shown],
    },
  ]);
  expect(api.logged.join("")).toContain('"certificates.reloaded"');
});
