import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { OwnCertificate } from "../../../control/tls/own-certificate.ts";
import type { OwnMaterial } from "../../../control/tls/own-certificate.ts";
import { jsonLog } from "../../../proxy/base/log.ts";
import { makeAuthority, makeCertificate } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { TlsFolder } from "../../support/tls-files.ts";

/** The clock of the test stands in January 2026. */
const during = { notBefore: new Date("2025-01-01"), notAfter: new Date("2027-01-01") };
const roots = makeAuthority("clients", during);
const first = makeCertificate({ ...during, names: ["DNS:api.test"] });
const next = makeCertificate({ ...during, names: ["DNS:api.test"] });

type Bed = {
  readonly files: TlsFolder;
  readonly clock: ManualClock;
  readonly logged: readonly string[];
  readonly open: () => Promise<OwnCertificate>;
};

async function bed(): Promise<Bed> {
  const files = await TlsFolder.make(first, roots);
  const clock = new ManualClock();
  const logged: string[] = [];
  const log = jsonLog(
    (line) => logged.push((JSON.parse(line) as { event: string }).event),
    () => 0,
  );
  const open = async (): Promise<OwnCertificate> => {
    const deps = { clock, log, events: { emit: () => undefined } };
    const file = join(files.folder, "sluice.yaml");
    const own = await OwnCertificate.open(files.tls, "control", { ...deps, file });
    onTestFinished(() => own.close());
    return own;
  };
  return { files, clock, logged, open };
}

test("OwnCertificate has what its files hold, and follows them", async () => {
  const { files, clock, logged, open } = await bed();
  const own = await open();
  expect(own.material.identity.certPem.trim()).toBe(first.certPem.trim());
  expect(own.material.roots?.pem.trim()).toBe(roots.certPem.trim());
  const heard: OwnMaterial[] = [];
  own.onChange((material) => heard.push(material));
  await files.write(next);
  await eventually(() => expect(clock.sleeping).toBe(1));
  await clock.advance(2_000);
  await eventually(() => expect(heard).toEqual([own.material]));
  expect(own.material.identity.certPem.trim()).toBe(next.certPem.trim());
  expect(logged).toEqual(["certificate.loaded", "certificate.loaded", "certificate.replaced"]);
  own.close();
  await eventually(() => expect(clock.sleeping).toBe(0));
});

test("OwnCertificate does not open with files that cannot be used, and says which", async () => {
  const { files, open } = await bed();
  await files.write({ ...first, keyPem: next.keyPem });
  await expect(open()).rejects.toThrow(
    "control.tls.cert: wanted the key of the chain's first certificate, found another key",
  );
});
