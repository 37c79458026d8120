import { readdir } from "node:fs/promises";

/**
 * How many descriptors the process has open that has the most of these. undefined: the system does
 * not say, as only Linux does.
 */
export async function mostDescriptors(pids: readonly number[]): Promise<number | undefined> {
  const counts = await Promise.all(pids.map(descriptorsOf));
  const known = counts.filter((count) => count !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

async function descriptorsOf(pid: number): Promise<number | undefined> {
  try {
    return (await readdir(`/proc/${pid}/fd`)).length;
  } catch {
    // It has just ended.
    return undefined;
  }
}
