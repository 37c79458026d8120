#!/usr/bin/env node
import { buildVersion } from "../build-version.ts";
import { standardOutput } from "./output.ts";
import { runCli } from "./program.ts";

process.exitCode = await runCli(process.argv.slice(2), {
  output: standardOutput,
  env: process.env,
  version: buildVersion(),
});
