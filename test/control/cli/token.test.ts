import { createHash } from "node:crypto";
import { readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { runCommand } from "../../support/run-cli.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const NEW = ["token", "new", "ci", "--role", "shift"];

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

test("sluice token new prints a token once, and its entry with its hash", async () => {
  const { status, out, error } = await runCommand([...NEW, "--service", "web"]);
  expect([status, error]).toEqual([0, ""]);
  const [token = "", ...rest] = out.split("\n");
  // 32 bytes in base64url.
  expect(token).toMatch(/^sluice_[\w-]{43}$/);
  const entry = { name: "ci", role: "shift", services: ["web"], sha256: sha256(token) };
  expect(parse(rest.join("\n"))).toEqual([entry]);
  expect(rest.join("\n")).not.toContain(token);
  expect((await runCommand(NEW)).out).not.toContain(token);
});

test("sluice token new has all services that are given, and its end", async () => {
  const more = ["--service", "web", "--service", "api", "--expires", "2030-01-01", "--json"];
  const { out } = await runCommand([...NEW, ...more]);
  const { token, entry } = JSON.parse(out) as { token: string; entry: object };
  expect(entry).toEqual({
    name: "ci",
    role: "shift",
    services: ["web", "api"],
    sha256: sha256(token),
    expires: "2030-01-01T00:00:00Z",
  });
});

test.each([
  ["text", [], parse],
  ["JSON", ["--json"], (out: string) => [(JSON.parse(out) as { entry: object }).entry]],
])(
  "sluice token new --out writes the token where only its owner reads it, and %s to stdout",
  async (_name, more, read) => {
    const path = join(await temporaryFolder(), "ci.token");
    const { status, out, error } = await runCommand([...NEW, "--out", path, ...more]);
    expect([status, error]).toEqual([0, ""]);
    const token = (await readFile(path, "utf8")).trimEnd();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(read(out)).toEqual([{ name: "ci", role: "shift", sha256: sha256(token) }]);
    expect(out).not.toContain(token);
  },
);

test("sluice token new --out writes to no file that is there, and to no link", async () => {
  const folder = await temporaryFolder();
  const [file, link, target] = ["file", "link", "target"].map((name) => join(folder, name));
  await writeFile(String(file), "mine");
  await symlink(String(target), String(link));
  for (const path of [file, link]) {
    const { status, out, error } = await runCommand([...NEW, "--out", String(path)]);
    expect([status, out]).toEqual([1, ""]);
    expect(error).toBe(`sluice: Cannot write the token: wanted a new file, found ${path}`);
  }
  expect(await readFile(String(file), "utf8")).toBe("mine");
  await expect(stat(String(target))).rejects.toThrow("ENOENT");
});

test("sluice token new prints no entry whose token is lost", async () => {
  const path = join(await temporaryFolder(), "nowhere", "ci.token");
  const { status, out, error } = await runCommand([...NEW, "--out", path]);
  expect([status, out]).toEqual([1, ""]);
  expect(error).toMatch(/^sluice: Cannot write the token: ENOENT/);
});

test.each([
  [["token", "new", "--role", "read"], "Missing required argument"],
  [["token", "new", "ci"], "Required option '--role <role>'"],
  [["token", "new", "ci", "--role", "root"], "Allowed choices are read, shift, write, admin"],
  [["token", "new", "a b", "--role", "read"], "Cannot name a token: wanted "],
  [["token", "new", "", "--role", "read"], "Cannot name a token: wanted "],
  [["token", "new", "x".repeat(64), "--role", "read"], "Cannot name a token: wanted a name of at"],
  [[...NEW, "--service", "a/b"], "Cannot name a service: wanted a name of at most 63 letters"],
  [["token", "new", "ci", "--role", "read", "--service", "web"], "Cannot limit a token to serv"],
  [[...NEW, "--expires", "yesterday"], "Cannot read --expires: wanted "],
])("sluice %j is a usage error", async (args, words) => {
  const { status, out, error } = await runCommand(args);
  expect([status, out, error]).toEqual([2, "", expect.stringContaining(words)]);
});
