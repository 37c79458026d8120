import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

/** This program's version, such as `0.1.0`: that of the package.json above this file. */
export function buildVersion(): string {
  const path = findPackageJSON(import.meta.url);
  if (path === undefined) throw new Error("Cannot find version: no package.json above the program");
  const { version } = JSON.parse(readFileSync(path, "utf8")) as { readonly version: string };
  return version;
}
