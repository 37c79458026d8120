import { execFile } from "node:child_process";
import { cp, mkdir, readFile, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { KeptConnection } from "../support/kept-connection.ts";
import { INSTALL_TIMEOUT_MS, npm, packedInto, plainEnvironment } from "../support/npm.ts";
import { startSidecar } from "../support/sidecar.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { VersionOrigin } from "../support/version-origin.ts";
import { debianPackage } from "./support/debian-package.ts";
import { runProgram } from "./support/foreign-process.ts";
import { isMissing } from "./support/programs.ts";

/*
 * Goal: what people install brings traffic through. Method: the system's own npm, with the Node
 * that the system has, and a folder in the place of the system's.
 */

const run = promisify(execFile);

/** Without what `npm test` puts before it. */
const SYSTEM_PATH = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((folder) => !folder.includes("node_modules"))
  .join(delimiter);

/** Starts a sidecar by that program and brings one request through. */
async function answerThrough(program: string): Promise<string> {
  using origin = await VersionOrigin.start("v1");
  const services = { web: { versions: { v1: { endpoints: [origin.address] } } } };
  const sidecar = await startSidecar({ services }, { PATH: SYSTEM_PATH }, program);
  onTestFinished(sidecar.stop);
  const client = await KeptConnection.open(sidecar.ports[0] ?? 0);
  return (await client.get("web").finally(() => client.close())).body;
}

test(
  "npm install --global brings a program that serves, its page of man, and no noise",
  async () => {
    const folder = await temporaryFolder();
    const tarball = await packedInto(folder);
    const prefix = join(folder, "prefix");
    const noise = await npm(
      folder,
      ["install", "--global", "--prefix", prefix, tarball],
      SYSTEM_PATH,
    );
    expect(noise).toBe("");
    const modules = join(prefix, "lib/node_modules/sluice/node_modules");
    const brought = await readdir(modules);
    expect(brought.filter((name) => !name.startsWith("."))).toEqual([
      expect.stringMatching(/^node-/),
    ]);
    const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    const program = join(prefix, "bin/sluice");
    const { out } = await runProgram(program, ["--version"], { env: { PATH: SYSTEM_PATH } });
    expect(out).toBe(`${version}\n`);
    expect(await readFile(join(prefix, "share/man/man1/sluice.1"), "utf8")).toContain(".TH SLUICE");
    expect(await answerThrough(program)).toBe("v1");
  },
  INSTALL_TIMEOUT_MS,
);

/** Time to bring all that development needs, too, and for a demo. */
const FRESH_TIMEOUT_MS = 3 * INSTALL_TIMEOUT_MS;

/** What a fresh checkout does not have. */
const NOT_IN_CHECKOUT = new Set([".git", "node_modules", "dist", "site"]);

test(
  "npm ci && npm run demo, as README has it, brings a load through in a fresh checkout",
  async () => {
    const folder = await temporaryFolder();
    for (const name of await readdir(".")) {
      if (NOT_IN_CHECKOUT.has(name) || name.endsWith(".deb")) continue;
      await cp(name, join(folder, name), { recursive: true });
    }
    const [command] = /^npm ci && npm run demo/m.exec(await readFile("README.md", "utf8")) ?? [];
    const { stdout, stderr } = await run("sh", ["-c", `${command} -- --once`], {
      cwd: folder,
      env: { ...plainEnvironment(), PATH: SYSTEM_PATH },
      timeout: FRESH_TIMEOUT_MS,
    });
    expect(stderr).toBe("");
    for (const percent of [0, 10, 50, 100]) {
      expect(stdout).toMatch(
        new RegExp(`^v2 at ${percent} %: \\d+ of \\d+ .*, 0 errors, .* - ok$`, "m"),
      );
    }
  },
  FRESH_TIMEOUT_MS,
);

/** Where systemd looks for programs of a unit, in what stands for the root. */
const UNIT = "usr/lib/systemd/system/sluice.service";

test.skipIf(isMissing("dpkg-deb"))(
  "The package for Debian brings a program that serves, its files, and a unit that systemd takes",
  async () => {
    const folder = await temporaryFolder();
    const deb = await debianPackage(folder);
    const root = join(folder, "root");
    await mkdir(root);
    expect((await runProgram("dpkg-deb", ["--extract", deb, root])).status).toBe(0);
    const conffiles = await runProgram("dpkg-deb", ["--info", deb, "conffiles"]);
    expect(conffiles.out).toBe("/etc/sluice/sluice.yaml\n");

    const program = join(root, "usr/bin/sluice");
    const given = join(root, "etc/sluice/sluice.yaml");
    const checked = await runProgram(program, ["check", given], { env: { PATH: SYSTEM_PATH } });
    expect([checked.status, checked.error]).toEqual([0, ""]);
    expect(await answerThrough(program)).toBe("v1");

    // By the unit alone: its programs are where they will be, and not on this machine.
    const verified = await runProgram("systemd-analyze", ["verify", join(root, UNIT)]);
    const complaints = verified.error.split("\n").filter((line) => line.includes("sluice.service"));
    expect(complaints.filter((line) => !/sluice is not executable|man sluice/.test(line))).toEqual(
      [],
    );
  },
  INSTALL_TIMEOUT_MS,
);
