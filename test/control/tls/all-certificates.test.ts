import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { AllCertificates } from "../../../control/tls/all-certificates.ts";
import { OwnCertificate } from "../../../control/tls/own-certificate.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import { fixedClock as clock } from "../../support/fixed-clock.ts";
import { TlsFolder } from "../../support/tls-files.ts";

/** The clock of the test stands in January 2026. */
const during = { notBefore: new Date("2025-01-01"), notAfter: new Date("2027-01-01") };
const first = makeCertificate({ ...during, names: ["DNS:api.test"] });
const next = makeCertificate({ ...during, names: ["DNS:api.test"] });

test("AllCertificates shows and reads that of the API beside those of the workers", async () => {
  const files = await TlsFolder.make(first, makeAuthority("clients", during));
  const ignore = (): void => undefined;
  const log = { info: ignore, warn: ignore, error: ignore };
  const file = join(files.folder, "sluice.yaml");
  const deps = { clock, log, events: { emit: ignore }, file };
  const own = await OwnCertificate.open(files.tls, "control", deps);
  onTestFinished(() => own.close());
  const [mine] = own.status();
  const both = { ...own.status()[0], usedBy: ["listener a"] } as NonNullable<typeof mine>;
  const other = { ...both, id: "file:other.pem" };
  const shared = {
    status: () => [both, other],
    reload: async () => ({ replaced: ["file:other.pem"], refused: [] }),
  };
  const all = new AllCertificates(shared, own);
  expect(all.status().map(({ id, usedBy }) => [id, usedBy])).toEqual([
    ["ca:clients.pem", ["control"]],
    ["file:api.pem", ["control", "listener a"]],
    ["file:other.pem", ["listener a"]],
  ]);
  await files.write(next);
  expect(await all.reload()).toEqual({ replaced: ["file:api.pem", "file:other.pem"], refused: [] });
  await files.write({ ...first, keyPem: next.keyPem });
  expect(await new AllCertificates(shared, own).reload()).toMatchObject({
    refused: [{ certificate: "file:api.pem" }],
  });
  expect(new AllCertificates(shared, undefined).status()).toEqual([both, other]);
});
