import { spawn } from "node:child_process";

/**
 * Runs a program for a demo, `node keeper.ts FILE ARGUMENT…`, and ends it with the demo, however
 * that ends: kill -9 closes the channel between the two as well.
 */

/** How long the program may take to end before it is killed: less than the demo gives us. */
const END_TIMEOUT_MS = 3000;

const [file = "", ...args] = process.argv.slice(2);
const program = spawn(file, args, { stdio: ["ignore", "inherit", "inherit"] });

function end(): void {
  program.kill("SIGTERM");
  setTimeout(() => program.kill("SIGKILL"), END_TIMEOUT_MS).unref();
}

process.on("disconnect", end);
process.on("SIGTERM", end);
program.on("error", ({ message }) => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
});
program.on("exit", (code) => process.exit(code ?? 1));
