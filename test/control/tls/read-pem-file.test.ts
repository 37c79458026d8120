import { chmod, mkdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { checkSecrecy, readPemFile } from "../../../control/tls/read-pem-file.ts";
import { certificateFolder } from "./certificate-folder.ts";

describe("readPemFile()", () => {
  test("reads a file", async () => {
    const folder = await certificateFolder();
    await folder.write("a.key", "secret");
    expect(await readPemFile(folder.at("a.key"), "key")).toBe("secret");
  });

  test("refuses a key that others can read, and says what helps", async () => {
    const folder = await certificateFolder();
    await folder.write("a.key", "secret");
    await chmod(folder.at("a.key"), 0o604);
    const path = folder.at("a.key");
    await expect(readPemFile(path, "key")).rejects.toThrow(
      `wanted a key that nobody else can read (chmod 600 ${path}), found mode 0604`,
    );
    expect(await readPemFile(path, "chain")).toBe("secret");
  });

  test("refuses what is too large, is no file, or is not there", async () => {
    const folder = await certificateFolder();
    await folder.write("a.pem", "x".repeat(128 * 1024 + 1));
    await mkdir(folder.at("b.pem"));
    await expect(readPemFile(folder.at("a.pem"), "chain")).rejects.toThrow(/found 131073$/);
    expect(await readPemFile(folder.at("a.pem"), "roots")).toHaveLength(131_073);
    await expect(readPemFile(folder.at("b.pem"), "chain")).rejects.toThrow(/else than a file$/);
    await expect(readPemFile(folder.at("c.pem"), "chain")).rejects.toThrow(/found ENOENT$/);
  });
});

describe("checkSecrecy()", () => {
  const check = (mode: number, uid: number, own: number | undefined) => () =>
    checkSecrecy("a.key", { mode, uid }, own);

  test("takes what only its owner can read, be it us or root", () => {
    expect(check(0o100600, 1000, 1000)).not.toThrow();
    expect(check(0o100400, 0, 1000)).not.toThrow();
    expect(check(0o100600, 0, 0)).not.toThrow();
  });

  test("lets the group of a key of root's read it, which is how others get one", () => {
    expect(check(0o100640, 0, 1000)).not.toThrow();
    expect(check(0o100660, 0, 1000)).toThrow("mode 0660");
    expect(check(0o100644, 0, 1000)).toThrow("mode 0644");
    expect(check(0o100640, 1000, 1000)).toThrow("mode 0640");
    expect(check(0o100640, 0, 0)).toThrow("mode 0640");
  });

  test("refuses a key of somebody else's, who can replace it", () => {
    expect(check(0o100600, 1001, 1000)).toThrow(
      "wanted a key of root or of user 1000 (chown a.key)",
    );
  });

  test("checks nothing where there are no owners", () => {
    expect(check(0o100666, 0, undefined)).not.toThrow();
  });
});
