import { join } from "node:path";
import { expect } from "vitest";
import { packedInto } from "../../support/npm.ts";
import { runProgram } from "./foreign-process.ts";

/** Builds the package for Debian of what npm packs, in that folder: its path. */
export async function debianPackage(folder: string): Promise<string> {
  await packedInto(folder);
  const cwd = join(folder, "source");
  const env = { DPKG_DEB_COMPRESSOR_TYPE: "none" };
  const script = "control/packaging/build-deb.ts";
  const { out, error } = await runProgram(process.execPath, [script], { cwd, env });
  expect(error).toBe("");
  return join(cwd, out.trim());
}
