import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { KeptConnection } from "./support/kept-connection.ts";
import { INSTALL_TIMEOUT_MS, npm, packedInto } from "./support/npm.ts";
import { startSidecar } from "./support/sidecar.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { VersionOrigin } from "./support/version-origin.ts";

/*
 * Goal: `npm install sluice` brings the program, Node, and nothing else. Method: the package is
 * packed, installed into an empty folder without a registry, and run from there.
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url));

type Manifest = {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies?: object;
  readonly peerDependencies?: object;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

let folder: string;
/** Where the package is installed. */
let installed: string;
let manifest: Manifest;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-package-"));
  const tarball = await packedInto(folder);
  const empty = join(folder, "empty");
  await mkdir(empty);
  // Node itself is optional, and this test has one.
  await npm(empty, ["install", "--offline", "--omit=optional", tarball]);
  installed = join(empty, "node_modules", "sluice");
  manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as Manifest;
}, INSTALL_TIMEOUT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The system's own programs, without a Node if it has none. */
const SYSTEM_PATH = "/usr/bin:/bin";

type Ran = { readonly status: number | string; readonly out: string; readonly error: string };

/** Runs what npm links to as `sluice`, with a Node of that version on the path. */
async function runInstalled(version: string): Promise<Ran> {
  const programs = await temporaryFolder();
  await writeFile(join(programs, "node"), `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  const path = [programs, SYSTEM_PATH].join(delimiter);
  return new Promise((resolve) => {
    const program = join(installed, manifest.bin["sluice"] ?? "");
    execFile(program, ["--version"], { env: { PATH: path } }, (failure, out, error) =>
      resolve({ status: failure?.code ?? 0, out, error }),
    );
  });
}

test("The package holds the build and what explains it, and nothing else", async () => {
  expect((await readdir(installed)).toSorted()).toEqual([
    "LICENSE",
    "README.md",
    "dist",
    "package.json",
  ]);
  const entries = await readdir(join(installed, "dist"), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(installed.length + 1));
  // What several entries share stands in files with a hash in their names.
  const shared = /^dist\/control\/base\/[\w.-]+\.js$/;
  expect(files.filter((file) => !shared.test(file)).toSorted()).toEqual([
    "dist/control/cli/demo/keeper.js",
    "dist/control/cli/demo/shop.js",
    "dist/control/cli/main.js",
    "dist/control/page/index.html",
    "dist/control/page/page.css",
    "dist/control/page/page.js",
    "dist/licenses.txt",
    "dist/proxy/worker.js",
    "dist/sluice",
    "dist/sluice.1",
    "dist/sluice.cdx.json",
  ]);
});

/**
 * All programs together have 3.9 MiB. A library that is asked for by `import()` is inside whole:
 * zod would bring its texts in fifty languages, 0.4 MiB that each process keeps.
 */
const PROGRAM_BYTES_MAX = 4.1 * 1024 ** 2;

test("The package brings no more of libraries than it uses", async () => {
  const entries = await readdir(join(installed, "dist"), { recursive: true, withFileTypes: true });
  const scripts = entries.filter(({ name }) => name.endsWith(".js"));
  const sizes = await Promise.all(
    scripts.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(PROGRAM_BYTES_MAX);
});

test("The package depends on nothing but Node itself, and brings nothing else", async () => {
  expect(manifest.dependencies ?? {}).toEqual({});
  expect(manifest.peerDependencies ?? {}).toEqual({});
  const optional = Object.keys(manifest.optionalDependencies);
  expect(optional.filter((name) => !name.startsWith("node-"))).toEqual([]);
  const beside = await readdir(join(installed, ".."));
  expect(beside.filter((name) => !name.startsWith("."))).toEqual(["sluice"]);
});

test("The package's program runs by the Node that npm brings, beside an old one", async () => {
  const own = join(installed, "node_modules");
  await symlink(join(ROOT, "node_modules"), own);
  onTestFinished(() => rm(own));
  const result = await runInstalled("v18.20.0");
  expect(result).toEqual({ status: 0, out: `${manifest.version}\n`, error: "" });
});

test.each([["v20.20.2"], ["none-at-all"]])(
  "With Node %s alone it says in one line what it needs",
  async (version) => {
    expect(await runInstalled(version)).toEqual({
      status: 127,
      out: "",
      error:
        `sluice: Cannot start: wanted Node 26 or later, found ${version} on the path; npm brings ` +
        "one on Linux and on Macs with Apple silicon, unless told --omit=optional\n",
    });
  },
);

test("With a newer Node alone it runs by that", async () => {
  // What stands for Node here answers everything with its version.
  expect(await runInstalled("v27.0.0")).toEqual({ status: 0, out: "v27.0.0\n", error: "" });
});

test("The launcher knows each Node that the package can bring", async () => {
  const launcher = await readFile(join(installed, "dist/sluice"), "utf8");
  const named = [...launcher.matchAll(/package="(node-[\w-]+)/g)].map(([, name = ""]) => name);
  expect(named.toSorted()).toEqual(Object.keys(manifest.optionalDependencies).toSorted());
});

test("The package's program serves by real workers", async () => {
  using origin = await VersionOrigin.start("v1");
  const services = { web: { versions: { v1: { endpoints: [origin.address] } } } };
  const main = join(installed, "dist/control/cli/main.js");
  const sidecar = await startSidecar({ workers: 2, services }, {}, main);
  onTestFinished(sidecar.stop);
  const client = await KeptConnection.open(sidecar.ports[0] ?? 0);
  expect((await client.get("web").finally(() => client.close())).body).toBe("v1");
  expect(sidecar.workerPids()).toHaveLength(2);
});
