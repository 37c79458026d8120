import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { KeptConnection } from "./support/kept-connection.ts";
import { INSTALL_TIMEOUT_MS, npm } from "./support/npm.ts";
import { runSluice } from "./support/run-sluice.ts";
import { startSidecar } from "./support/sidecar.ts";
import { VersionOrigin } from "./support/version-origin.ts";

/*
 * Goal: `npm install sluice` brings the program, Node, and nothing else. Method: the package is
 * packed, installed into an empty folder without a registry, and run from there.
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What `npm pack` needs of the project. */
const NEEDED = ["package.json", "rolldown.config.ts", "README.md", "LICENSE", "proxy", "control"];

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
  const source = join(folder, "source");
  for (const part of NEEDED) await cp(join(ROOT, part), join(source, part), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(source, "node_modules"));
  await npm(source, ["pack", "--pack-destination", folder]);
  const [tarball = ""] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  const empty = join(folder, "empty");
  await mkdir(empty);
  // Node itself is optional, and this test has one.
  await npm(empty, ["install", "--offline", "--omit=optional", join(folder, tarball)]);
  installed = join(empty, "node_modules", "sluice");
  manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as Manifest;
}, INSTALL_TIMEOUT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

function main(): string {
  return join(installed, manifest.bin["sluice"] ?? "");
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
    "dist/sluice.1",
    "dist/sluice.cdx.json",
  ]);
});

test("The package depends on nothing but Node itself, and brings nothing else", async () => {
  expect(manifest.dependencies ?? {}).toEqual({});
  expect(manifest.peerDependencies ?? {}).toEqual({});
  const optional = Object.keys(manifest.optionalDependencies);
  expect(optional.filter((name) => !name.startsWith("node-"))).toEqual([]);
  const beside = await readdir(join(installed, ".."));
  expect(beside.filter((name) => !name.startsWith("."))).toEqual(["sluice"]);
});

test("The package's program says its version and serves by real workers", async () => {
  const version = await runSluice(["--version"], main());
  expect(version).toEqual({ status: 0, out: `${manifest.version}\n`, error: "" });
  using origin = await VersionOrigin.start("v1");
  const services = { web: { versions: { v1: { endpoints: [origin.address] } } } };
  const sidecar = await startSidecar({ workers: 2, services }, {}, main());
  onTestFinished(sidecar.stop);
  const client = await KeptConnection.open(sidecar.ports[0] ?? 0);
  expect((await client.get("web").finally(() => client.close())).body).toBe("v1");
  expect(sidecar.workerPids()).toHaveLength(2);
});
