import { startLoad } from "./child.ts";
import { LOAD_GRACE_MS } from "./load.ts";
import type { LoadResult, LoadTool } from "./load.ts";

/**
 * autocannon, in a process of its own. Its latencies are not used: they are whole milliseconds, and
 * with a rate they are corrected by seconds taken for milliseconds. See open-loop.ts for ours.
 */
export const autocannon: LoadTool = {
  name: "autocannon",
  async run(target, effort, cores) {
    await using program = startLoad("autocannon-child.ts", { target, effort }, cores);
    const text = await program.output(effort.seconds * 1000 + LOAD_GRACE_MS);
    return JSON.parse(text) as LoadResult;
  },
};
