#!/usr/bin/env node
import { keepYoungSpaceSmall } from "../base/young-space.ts";

keepYoungSpaceSmall();

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
