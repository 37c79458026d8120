import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** How often its removal is tried: something may still be written there when the test ends. */
const REMOVALS_MAX = 10;

/** An empty folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "sluice-"));
  onTestFinished(() => rm(path, { recursive: true, force: true, maxRetries: REMOVALS_MAX }));
  return path;
}
