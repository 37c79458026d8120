import { describe, expect, test } from "vitest";
import { CertificateReports, SETTLE_MS } from "../../../control/tls/certificate-reports.ts";
import { FileCertificates } from "../../../control/tls/file-certificates.ts";
import type { SluiceEvent } from "../../../control/records/sluice-event.ts";
import type { LogFields } from "../../../proxy/base/log.ts";
import { createAuthority } from "../../support/authority.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { certificateFolder } from "./certificate-folder.ts";

const authority = createAuthority("root", { notBefore: new Date("2025-12-31") });
const ID = "file:a.pem";
const DAY_MS = 86_400_000;

async function bed() {
  const clock = new ManualClock();
  const told: string[] = [];
  const log = (event: string, fields: LogFields = {}): void => {
    told.push(`${event} ${String(fields["certificate"])}`);
  };
  const events: SluiceEvent[] = [];
  const emit = (event: SluiceEvent): unknown => events.push(event);
  const deps = { clock, log: { info: log, warn: log, error: log }, events: { emit } };
  const reports = new CertificateReports(deps);
  const folder = await certificateFolder();
  const known = new FileCertificates(folder.path);
  known.want(
    [{ certificates: [{ cert: "a.pem", key: "a.key", names: [] }], ca: undefined }],
    "keep",
  );
  const put = (days: number): Promise<void> => {
    const notBefore = new Date(clock.wallMs());
    const notAfter = new Date(clock.wallMs() + days * DAY_MS);
    return folder.put("a", authority.issue({ subject: "a", notBefore, notAfter }));
  };
  const look = async (): Promise<void> => reports.note(await known.refresh(clock.wallMs()));
  return { clock, told, events, reports, folder, put, look };
}

describe("CertificateReports", () => {
  test("log the first one, and tell everybody of those that replace it", async () => {
    const { told, events, put, look } = await bed();
    await put(30);
    await look();
    await put(60);
    await look();
    expect(told).toEqual([`certificate.loaded ${ID}`, `certificate.replaced ${ID}`]);
    expect(events).toEqual([
      {
        kind: "certificate",
        certificate: ID,
        state: "replaced",
        notAfter: "2026-03-02T00:00:00.000Z",
      },
    ]);
  });

  test("say nothing of half an exchange that is soon whole", async () => {
    const { clock, told, reports, folder, put, look } = await bed();
    await put(30);
    await look();
    await folder.write("a.pem", "");
    await look();
    expect(reports.isLasting(ID)).toBe(false);
    await clock.advance(SETTLE_MS - 1);
    await look();
    await put(60);
    await look();
    expect(told).toEqual([`certificate.loaded ${ID}`, `certificate.replaced ${ID}`]);
  });

  test("tell once of each reason why new files cannot be used", async () => {
    const { clock, told, events, reports, folder, put, look } = await bed();
    await put(30);
    await look();
    await folder.write("a.pem", "");
    await look();
    for (let looks = 0; looks < 3; looks += 1) {
      await clock.advance(SETTLE_MS);
      await look();
    }
    expect(reports.isLasting(ID)).toBe(true);
    await folder.write("a.key", "");
    await look();
    await put(60);
    await look();
    const refused = `certificate.refused ${ID}`;
    expect(told.slice(1)).toEqual([refused, `certificate.replaced ${ID}`]);
    expect(events[0]).toEqual({
      kind: "certificate",
      certificate: ID,
      state: "refused",
      reason: "wanted 1 to 10 certificates in PEM, found 0",
    });
  });

  test("tell at once that there is none at all", async () => {
    const { told, reports, look } = await bed();
    await look();
    expect(told).toEqual([`certificate.refused ${ID}`]);
    expect(reports.isLasting(ID)).toBe(true);
  });

  test("tell of the end of a certificate, loudly when it has come", async () => {
    const { clock, told, events, reports } = await bed();
    const nowMs = clock.wallMs();
    const facts = { subject: "", issuer: "", fingerprint: "f", notBeforeMs: nowMs };
    const inUse = new Map([[ID, { ...facts, notAfterMs: nowMs + 9 * DAY_MS }]]);
    for (let day = 0; day < 11; day += 1) {
      reports.noteExpiry(inUse);
      await clock.advance(DAY_MS);
    }
    const expires = `certificate.expires ${ID}`;
    expect(told).toEqual([expires, expires, expires, `certificate.expired ${ID}`]);
    expect(events.at(-1)).toEqual({
      kind: "certificate",
      certificate: ID,
      state: "expired",
      notAfter: "2026-01-10T00:00:00.000Z",
    });
  });
});
