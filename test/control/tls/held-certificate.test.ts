import { mkdir, rename, rm, symlink, utimes } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { HeldCertificate } from "../../../control/tls/held-certificate.ts";
import { identitySource } from "../../../control/tls/load-certificate.ts";
import type { TlsIdentity } from "../../../proxy/table/tls.ts";
import { createAuthority } from "../../support/authority.ts";
import type { IssuedCertificate } from "../../support/authority.ts";
import type { CertificateWish } from "../../support/certificates.ts";
import { certificateFolder } from "./certificate-folder.ts";
import type { CertificateFolder } from "./certificate-folder.ts";

const authority = createAuthority();
const NOW_MS = Date.now();
const DAY_MS = 86_400_000;

function certificate(subject: string, wish: CertificateWish = {}): IssuedCertificate {
  return authority.issue({ subject, ...wish });
}

async function bed(): Promise<{
  folder: CertificateFolder;
  held: HeldCertificate<TlsIdentity>;
  subject: () => string | undefined;
}> {
  const folder = await certificateFolder();
  const files = { cert: "a.pem", key: "a.key", names: undefined };
  const held = new HeldCertificate(identitySource(folder.path, files));
  return { folder, held, subject: () => held.loaded?.facts.subject };
}

describe("HeldCertificate", () => {
  test("reads its files, and again only when they have changed", async () => {
    const { folder, held, subject } = await bed();
    await folder.put("a", certificate("one"));
    expect(await held.refresh(NOW_MS)).toBe("replaced");
    expect(await held.refresh(NOW_MS)).toBe("same");
    await folder.put("a", certificate("two"));
    expect(await held.refresh(NOW_MS)).toBe("replaced");
    expect([subject(), held.problem]).toEqual(["CN=two", undefined]);
  });

  test("does not call the same content a change", async () => {
    const { folder, held } = await bed();
    await folder.put("a", certificate("one"));
    await held.refresh(NOW_MS);
    await utimes(folder.at("a.pem"), 1, 1);
    expect(await held.refresh(NOW_MS)).toBe("same");
  });

  test("keeps the old pair while half of the new one is there", async () => {
    const { folder, held, subject } = await bed();
    await folder.put("a", certificate("one"));
    await held.refresh(NOW_MS);
    const next = certificate("two");
    await folder.write("a.pem", next.certPem);
    expect(await held.refresh(NOW_MS)).toBe("refused");
    expect(subject()).toBe("CN=one");
    expect(held.problem).toBe("wanted the key of the chain's first certificate, found another key");
    await folder.write("a.key", next.keyPem);
    expect(await held.refresh(NOW_MS)).toBe("replaced");
    expect([subject(), held.problem]).toEqual(["CN=two", undefined]);
  });

  test("keeps what it has when a file goes, and says so until it is back", async () => {
    const { folder, held, subject } = await bed();
    await folder.put("a", certificate("one"));
    await held.refresh(NOW_MS);
    await rename(folder.at("a.key"), folder.at("b.key"));
    expect(await held.refresh(NOW_MS)).toBe("refused");
    expect(await held.refresh(NOW_MS)).toBe("refused");
    expect([subject(), held.problem]).toEqual(["CN=one", expect.stringContaining("ENOENT")]);
    await rename(folder.at("b.key"), folder.at("a.key"));
    expect(await held.refresh(NOW_MS)).toBe("same");
    expect(held.problem).toBe(undefined);
  });

  test("follows links to another folder, as Kubernetes exchanges secrets", async () => {
    const { folder, held, subject } = await bed();
    for (const name of ["one", "two"]) {
      await mkdir(folder.at(name));
      await folder.put(`${name}/a`, certificate(name));
    }
    await symlink("one", folder.at("data"));
    await symlink("data/a.pem", folder.at("a.pem"));
    await symlink("data/a.key", folder.at("a.key"));
    await held.refresh(NOW_MS);
    await symlink("two", folder.at("next"));
    await rename(folder.at("next"), folder.at("data"));
    expect(await held.refresh(NOW_MS)).toBe("replaced");
    expect(subject()).toBe("CN=two");
    await rm(folder.at("one"), { recursive: true });
    expect(await held.refresh(NOW_MS)).toBe("same");
  });

  test("takes one that is not valid now only in place of one that is not either", async () => {
    const { folder, held, subject } = await bed();
    const old = { notBefore: new Date(NOW_MS - 2 * DAY_MS), notAfter: new Date(NOW_MS - DAY_MS) };
    await folder.put("a", certificate("expired", old));
    expect(await held.refresh(NOW_MS)).toBe("replaced");
    await folder.put("a", certificate("expired too", old));
    expect(await held.refresh(NOW_MS)).toBe("replaced");
    await folder.put("a", certificate("good"));
    expect(await held.refresh(NOW_MS)).toBe("replaced");
    await folder.put("a", certificate("expired again", old));
    expect(await held.refresh(NOW_MS)).toBe("refused");
    expect(subject()).toBe("CN=good");
    expect(held.problem).toMatch(/^wanted a certificate that is valid now, found one from 20/);
  });

  test("takes one that comes too early when its time has come", async () => {
    const { folder, held, subject } = await bed();
    await folder.put("a", certificate("now"));
    await held.refresh(NOW_MS);
    const [notBefore, notAfter] = [new Date(NOW_MS + DAY_MS / 2), new Date(NOW_MS + 9 * DAY_MS)];
    await folder.put("a", certificate("later", { notBefore, notAfter }));
    expect(await held.refresh(NOW_MS)).toBe("refused");
    expect(await held.refresh(NOW_MS + DAY_MS * 0.6)).toBe("replaced");
    expect(subject()).toBe("CN=later");
  });
});
