import { startLoad } from "./child.ts";
import { LOAD_GRACE_MS } from "./load.ts";
import type { LoadResult, LoadTool } from "./load.ts";

/**
 * autocannon, in a process of its own. Its latencies are not used: they are whole milliseconds, and
 * at a fixed rate it corrects them as if its seconds were milliseconds. For ours see open-loop.ts.
 */
export const autocannon: LoadTool = {
  name: "autocannon",
  async run(target, effort, cores) {
    await using program = startLoad("autocannon-child.ts", { target, effort }, cores);
    const text = await program.output(effort.seconds * 1000 + LOAD_GRACE_MS);
    return JSON.parse(text) as LoadResult;
  },
};
