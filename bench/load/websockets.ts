import { LOAD_GRACE_MS } from "./load.ts";
import type { LoadResult, LoadTool } from "./load.ts";
import { startLoad } from "./child.ts";

/** Messages back and forth over WebSockets: a message and its echo count as one request. */
export const websockets: LoadTool = {
  name: "websockets",
  async run(target, effort, cores) {
    await using program = startLoad("websockets-child.ts", { target, effort }, cores);
    const text = await program.output(effort.seconds * 1000 + LOAD_GRACE_MS);
    return JSON.parse(text) as LoadResult;
  },
};
