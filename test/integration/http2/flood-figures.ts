import { readFile } from "node:fs/promises";
import type { TestSidecar } from "../../support/sidecar.ts";

const PAGE_BYTES = 4096;

/** Memory that the first worker of the sidecar has in use, in bytes. */
export async function residentBytes(sidecar: TestSidecar): Promise<number> {
  const [pid = 0] = sidecar.workerPids();
  const statm = await readFile(`/proc/${pid}/statm`, "utf8");
  return Number(statm.split(" ")[1]) * PAGE_BYTES;
}

/** What the sidecar has refused for this reason: sluice_rejected_total. */
export async function rejectedCount(sidecar: TestSidecar, reason: string): Promise<number> {
  const text = await (await sidecar.call("GET", "/metrics")).text();
  const found = text.match(
    new RegExp(`^sluice_rejected_total\\{reason="${reason}"\\} (\\d+)`, "m"),
  );
  return Number(found?.[1] ?? 0);
}
