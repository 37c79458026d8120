#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

/*
 * The control process allocates little and lives long. If its space for young objects stays at its
 * initial size (V8 would let each half grow to 16 MiB), it takes 15 MiB less. This must be set
 * before modules are loaded. Workers let the space grow: a smaller one would cost them processor
 * time.
 */
setFlagsFromString("--semi-space-growth-factor=1");

// Whoever knows nginx sends it to reopen logs; Node would open its debugger to every local user.
process.on("SIGUSR1", () => undefined);

const { buildVersion } = await import("../base/build-version.ts");
const { streamOutput } = await import("./output.ts");
const { runCli } = await import("./program.ts");

const { stdout: out, stderr: error, stdin: input, env } = process;
process.exitCode = await runCli(process.argv.slice(2), {
  output: streamOutput({ out, error, input, env }),
  env,
  version: buildVersion(),
});
