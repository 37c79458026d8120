import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { helperThreads, workerFlags } from "../../../control/workers/worker-flags.ts";

test("a worker's V8 has a thread for each other processor, one at least and four at most", () => {
  expect([1, 2, 3, 5, 64].map(helperThreads)).toEqual([1, 1, 2, 4, 4]);
});

test("a worker gets the primary's flags, and does not open a debugger at SIGUSR1", () => {
  expect(workerFlags(["--stack-size=900"], {}, 2)).toEqual([
    "--stack-size=900",
    "--v8-pool-size=1",
    "--disable-sigusr1",
  ]);
});

test("what an operator says of V8's threads holds for workers", () => {
  const bare = ["--disable-sigusr1"];
  expect(workerFlags(["--v8-pool-size=3"], {}, 2)).toEqual(["--v8-pool-size=3", ...bare]);
  const env = { NODE_OPTIONS: "--stack-size=900 --v8-pool-size=3" };
  expect(workerFlags([], env, 2)).toEqual(bare);
});

test("Node has as few threads as a worker's flags say", () => {
  const count = `console.log(fs.readdirSync("/proc/self/task").length)`;
  const threads = (flags: readonly string[]): number =>
    Number(execFileSync(process.execPath, [...flags, "-e", count], { encoding: "utf8" }));
  expect(threads(workerFlags([], {}, 3)) - threads(workerFlags([], {}, 2))).toBe(1);
});
