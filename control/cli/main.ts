#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

/*
 * The control process allocates little and lives long: when the space for young objects stays as
 * small as it begins (V8 would let it grow to 16 MiB in each half), it keeps 15 MiB less. That has
 * to be said before modules are loaded. Workers grow: less would cost them processor time.
 */
setFlagsFromString("--semi-space-growth-factor=1");

const { buildVersion } = await import("../base/build-version.ts");
const { standardOutput } = await import("./output.ts");
const { runCli } = await import("./program.ts");

process.exitCode = await runCli(process.argv.slice(2), {
  output: standardOutput,
  env: process.env,
  version: buildVersion(),
});
