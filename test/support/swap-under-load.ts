import { expect } from "vitest";
import { eventually } from "./eventually.ts";
import type { TestSidecar } from "./sidecar.ts";

/** Longest that old workers may take until there is room for another swap. */
const ROOM_WAIT_MS = 60_000;

/**
 * Exchanges the workers. As an operator would, it waits while too many of earlier swaps still end
 * what they have; a swap that is refused for any other reason fails.
 */
export async function swapUnderLoad(sidecar: TestSidecar): Promise<void> {
  const swap = async (): Promise<string> => {
    const response = await sidecar.call("POST", "/v1/workers/swap", { trial: "100ms" });
    return response.status === 200 ? "swapped" : response.text();
  };
  const result = await eventually(async () => {
    const text = await swap();
    expect(text).not.toContain("workers of earlier swaps still end their responses");
    return text;
  }, ROOM_WAIT_MS);
  expect(result).toBe("swapped");
}
