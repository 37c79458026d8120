import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { MANY_SERVICES } from "../../../control/base/young-space.ts";

/** How often young objects are collected while a process makes 64 MiB of them. */
async function collections(services: number): Promise<number> {
  const file = new URL("../../../control/base/young-space.ts", import.meta.url);
  const program = `
    const { fitYoungSpace, keepYoungSpaceSmall } = await import(${JSON.stringify(file.href)});
    keepYoungSpaceSmall();
    fitYoungSpace(${services});
    const kept = [];
    for (let at = 0; at < 400_000; at += 1) {
      kept[at % 20_000] = { at, more: [at, at, at, at, at, at, at, at] };
    }`;
  const args = ["--trace-gc", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout.split("\n").filter((line) => line.includes("Scavenge")).length;
}

test("the space for young objects stays small until there are many services", async () => {
  const [small, large] = [await collections(MANY_SERVICES - 1), await collections(MANY_SERVICES)];
  expect(small).toBeGreaterThan(30);
  expect(large).toBeLessThan(small / 2);
});
