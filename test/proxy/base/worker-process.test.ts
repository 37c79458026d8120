import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { processUsage } from "../../../proxy/base/worker-process.ts";

const MODULE = new URL("../../../proxy/base/worker-process.ts", import.meta.url).href;

test("ignoreSignals() keeps a process alive that gets them", async () => {
  const program = `import { ignoreSignals } from "${MODULE}"; ignoreSignals();
    process.on("message", () => process.exit(7)); process.send("ready");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await once(child, "message");
  const ended = once(child, "exit");
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const) {
    child.kill(signal);
  }
  child.send("end");
  expect(await ended).toEqual([7, null]);
});

test("processUsage() is more than a process can do without", () => {
  const { cpuSeconds, residentBytes } = processUsage();
  expect(residentBytes).toBeGreaterThan(1_000_000);
  expect(cpuSeconds).toBeGreaterThan(0.01);
  expect(cpuSeconds).toBeLessThan(600);
});
