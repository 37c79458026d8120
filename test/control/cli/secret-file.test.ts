import { execFile } from "node:child_process";
import { chmod, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, expect, test } from "vitest";
import { readSecretFile } from "../../../control/cli/secret-file.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

let path: string;

beforeEach(async () => {
  path = join(await temporaryFolder(), "secret");
});

/** Reads a file of this text and mode. */
async function read(text: string, mode = 0o600): Promise<string> {
  await writeFile(path, text);
  await chmod(path, mode);
  return readSecretFile("the secret", path);
}

test.each([0o400, 0o600, 0o640, 0o660])("readSecretFile() takes mode %o", async (mode) => {
  expect(await read("s3cret\n", mode)).toBe("s3cret\n");
});

test.each([0o644, 0o604, 0o602, 0o666])("readSecretFile() refuses mode %o", async (mode) => {
  const found = `wanted ${path} closed to others, found mode 0${mode.toString(8)}`;
  await expect(read("s3cret", mode)).rejects.toMatchObject({
    exitCode: 2,
    message: `Cannot read the secret: ${found}; \`chmod 600\` closes it`,
  });
});

test("readSecretFile() judges the file that a link leads to", async () => {
  await read("s3cret");
  await symlink(path, `${path}.link`);
  expect(readSecretFile("the secret", `${path}.link`)).toBe("s3cret");
  await chmod(path, 0o644);
  expect(() => readSecretFile("the secret", `${path}.link`)).toThrow("found mode 0644");
});

test("readSecretFile() reads a pipe to its end", async () => {
  await promisify(execFile)("mkfifo", [path]);
  const written = promisify(execFile)("sh", ["-c", `{ echo a; echo b; } > "${path}"`]);
  // Blocks until the shell writes: the child is there already.
  expect(readSecretFile("the secret", path)).toBe("a\nb\n");
  await written;
});

test("readSecretFile() says what it cannot read, and reads no more than 64 KiB", async () => {
  expect(() => readSecretFile("the secret", path)).toThrow("Cannot read the secret: ENOENT");
  expect(() => readSecretFile("the secret", "/dev/zero")).toThrow("at most 65536 bytes");
  await expect(read("x".repeat(65_537))).rejects.toThrow("at most 65536 bytes");
  expect(await read("x".repeat(65_536))).toHaveLength(65_536);
});
