import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "rolldown";
import type { InputOptions, OutputOptions, Plugin } from "rolldown";
import { pageBundle } from "./control/page/rolldown.config.ts";

/*
 * What is shipped, in dist/: each process one bundle, its libraries inside, so that it starts in
 * half the time and keeps less. Names stay as they are, for stack traces.
 */

const input = { platform: "node", logLevel: "warn" } satisfies InputOptions;

const output = {
  dir: "dist",
  format: "esm",
  // One character that is not in Latin-1 would make V8 keep all of a file in twice the memory.
  charset: "ascii",
  minify: { mangle: false },
  entryFileNames: "[name].js",
  // At the depth of control/base/program-files.ts, which finds the other entries from there.
  chunkFileNames: "control/base/[name]-[hash].js",
} satisfies OutputOptions;

type Library = { readonly name: string; readonly version: string; readonly license: string };

/** The folders of the libraries that are inside what is built so far. */
const inside = new Set<string>();

/** Notes which libraries are inside a bundle. */
const noted: Plugin = {
  name: "noted",
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
    const ids = chunks.flatMap(({ moduleIds }) => moduleIds);
    for (const folder of ids.flatMap(libraryFolder)) inside.add(folder);
  },
};

/** Says which libraries are inside: their licenses, and a bill of materials for scanners. */
const inventory: Plugin = {
  name: "inventory",
  generateBundle() {
    const folders = [...inside].toSorted();
    const licenses = [readFileSync("LICENSE", "utf8"), ...folders.map(licenseOf)].join("\n");
    this.emitFile({ type: "asset", fileName: "licenses.txt", source: licenses });
    const bill = JSON.stringify(billOfMaterials(folders.map(readLibrary)), undefined, 2);
    this.emitFile({ type: "asset", fileName: "sluice.cdx.json", source: bill });
  },
};

/** What people call: it finds a Node to run the rest. npm makes it executable. */
const launcher: Plugin = {
  name: "launcher",
  generateBundle() {
    const source = readFileSync("control/packaging/sluice.sh", "utf8");
    this.emitFile({ type: "asset", fileName: "sluice", source });
  },
};

/** The folder of the library that a module belongs to, if it is not ours. */
function libraryFolder(id: string): readonly string[] {
  return /^.*\/node_modules\/(@[^/]+\/)?[^/]+/.exec(id)?.slice(0, 1) ?? [];
}

function readLibrary(folder: string): Library {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Library;
}

function licenseOf(folder: string): string {
  const { name, version, license } = readLibrary(folder);
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? "" : readFileSync(join(folder, file), "utf8");
  return `--- ${name} ${version} (${license})\n\n${text}`;
}

/** CycloneDX 1.5. */
function billOfMaterials(libraries: readonly Library[]): object {
  const components = libraries.map(({ name, version, license }) => ({
    type: "library",
    name,
    version,
    licenses: [{ expression: license }],
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
  }));
  return { bomFormat: "CycloneDX", specVersion: "1.5", version: 1, components };
}

export default defineConfig([
  { ...input, input: { "control/cli/demo/shop": "control/cli/demo/shop.ts" }, output },
  { ...input, input: { "control/cli/demo/keeper": "control/cli/demo/keeper.ts" }, output },
  { ...input, input: { "proxy/worker": "proxy/worker.ts" }, plugins: [noted], output },
  pageBundle([noted]),
  // The last one, as it says what is inside all of them.
  {
    ...input,
    input: { "control/cli/main": "control/cli/main.ts" },
    plugins: [noted, inventory, launcher],
    output,
  },
]);
