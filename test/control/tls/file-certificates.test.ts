import { describe, expect, test } from "vitest";
import { FileCertificates } from "../../../control/tls/file-certificates.ts";
import type { TlsFiles } from "../../../control/config/tls-files.ts";
import { createAuthority } from "../../support/authority.ts";
import { certificateFolder } from "./certificate-folder.ts";
import type { CertificateFolder } from "./certificate-folder.ts";

const authority = createAuthority();
const NOW_MS = Date.now();

function files(name: string, more: object = {}): TlsFiles {
  const pair = { cert: `${name}.pem`, key: `${name}.key`, names: undefined };
  return { certificates: [{ ...pair, ...more }], ca: "ca.pem" };
}

async function bed(): Promise<{
  folder: CertificateFolder;
  known: FileCertificates;
  look: () => Promise<readonly string[]>;
}> {
  const folder = await certificateFolder();
  for (const name of ["a", "b"]) await folder.put(name, authority.issue({ subject: name }));
  await folder.write("ca.pem", authority.pem);
  const known = new FileCertificates(folder.path);
  const look = async (): Promise<readonly string[]> => {
    const news = await known.refresh(NOW_MS);
    return news.map(({ held, result }) => `${held.source.id} ${result}`);
  };
  return { folder, known, look };
}

describe("FileCertificates", () => {
  test("reads what is wanted, each once, and what has changed later", async () => {
    const { folder, known, look } = await bed();
    known.want([files("a"), files("./a"), files("b")], "keep");
    expect(await look()).toEqual([
      "file:a.pem replaced",
      "file:b.pem replaced",
      "ca:ca.pem replaced",
    ]);
    expect(await look()).toEqual([]);
    await folder.put("b", authority.issue({ subject: "b2" }));
    expect(await look()).toEqual(["file:b.pem replaced"]);
    const { identities, trusts } = known.part;
    expect(identities.map(({ id }) => id)).toEqual(["file:a.pem", "file:b.pem"]);
    expect(trusts.map(({ id }) => id)).toEqual(["ca:ca.pem"]);
  });

  test("forgets what is not wanted any more, when it is told to", async () => {
    const { known, look } = await bed();
    known.want([files("a")], "keep");
    known.want([files("b")], "keep");
    await look();
    expect(known.part.identities).toHaveLength(2);
    known.want([{ ...files("b"), ca: undefined }], "forget");
    expect(known.all.map(({ source }) => source.id)).toEqual(["file:b.pem"]);
  });

  test("has what it has read in this very way", async () => {
    const { known, look } = await bed();
    known.want([files("a")], "keep");
    expect(known.has(files("a"))).toBe(false);
    await look();
    expect(known.has(files("a"))).toBe(true);
    expect(known.has(files("a", { key: "b.key" }))).toBe(false);
    expect(known.has({ certificates: [], ca: "other.pem" })).toBe(false);
  });

  test("goes on with what it has while other files or names are read for it", async () => {
    const { known, look } = await bed();
    known.want([files("a")], "keep");
    await look();
    known.want([files("a", { key: "b.key" })], "keep");
    expect(await look()).toEqual(["file:a.pem refused"]);
    expect(known.part.identities).toHaveLength(1);
    known.want([files("a", { names: ["shop.example"] })], "keep");
    expect(await look()).toEqual(["file:a.pem replaced"]);
    expect(known.part.identities[0]?.names).toEqual(["shop.example"]);
  });

  test("lets the first say what the key of a certificate is", async () => {
    const { known, look } = await bed();
    known.want([files("a"), files("a", { key: "b.key" })], "keep");
    expect(await look()).toEqual(["file:a.pem replaced", "ca:ca.pem replaced"]);
  });
});
