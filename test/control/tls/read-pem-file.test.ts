import { chmod, mkdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readPemFile } from "../../../control/tls/read-pem-file.ts";
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
      `wanted a file that nobody else can read (chmod 600 ${path}), found mode 0604`,
    );
    expect(await readPemFile(path, "chain")).toBe("secret");
  });

  test("refuses what is too large, is no file, or is not there", async () => {
    const folder = await certificateFolder();
    await folder.write("a.pem", "x".repeat(128 * 1024 + 1));
    await mkdir(folder.at("b.pem"));
    await expect(readPemFile(folder.at("a.pem"), "chain")).rejects.toThrow(/found 131073$/);
    expect(await readPemFile(folder.at("a.pem"), "roots")).toHaveLength(131_073);
    await expect(readPemFile(folder.at("b.pem"), "chain")).rejects.toThrow(/found a folder$/);
    await expect(readPemFile(folder.at("c.pem"), "chain")).rejects.toThrow(
      /found none \(ENOENT\)$/,
    );
  });
});
