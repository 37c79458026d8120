import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { runProgram } from "./support/foreign-process.ts";
import type { Ended } from "./support/foreign-process.ts";
import { startNode } from "./support/origins.ts";
import { isMissing, program } from "./support/programs.ts";
import { sidecarFor } from "./support/sidecar-for.ts";

/** At 1 MiB a second longer than 30 s: no default of ours may cut what flows. */
const BYTES = 36 * 1024 * 1024;
const FORMAT = "%{http_code} %{size_download} %{size_upload} %{errormsg}";
const SLOWLY = ["--silent", "--limit-rate", "1M", "--output", "/dev/null", "--write-out", FORMAT];
const DEADLINE_MS = 90_000;

describe("Transfers that flow for longer than 30 s", { timeout: DEADLINE_MS }, () => {
  test("reach curl and its origin whole, with the defaults", async (context) => {
    context.skip(isMissing("curl"), "no curl");
    const file = join(await temporaryFolder(), "upload");
    await writeFile(file, Buffer.alloc(BYTES, "x"));
    await using origin = await startNode("node-origin.cjs");
    const { url } = await sidecarFor([origin.address]);
    const curl = (...more: readonly string[]): Promise<Ended> =>
      runProgram(program("curl"), [...SLOWLY, ...more], { timeoutMs: DEADLINE_MS });
    const [down, up] = await Promise.all([
      curl(`${url}/bytes/${BYTES}`),
      curl("--data-binary", `@${file}`, "--header", "Expect:", `${url}/length`),
    ]);
    expect(down.out.trim()).toBe(`200 ${BYTES} 0`);
    expect(up.out.trim()).toBe(`200 ${String(BYTES).length} ${BYTES}`);
  });
});
