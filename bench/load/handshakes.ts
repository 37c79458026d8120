import { startLoad } from "./child.ts";
import { LOAD_GRACE_MS } from "./load.ts";
import type { LoadResult, LoadTool } from "./load.ts";

/** A TLS 1.3 connection for each request, each with a whole handshake. */
export const handshakes = handshakeTool("handshakes");

/** The same with sessions resumed by ticket; one that the server does not resume is an error. */
export const resumptions = handshakeTool("resumptions");

function handshakeTool(name: "handshakes" | "resumptions"): LoadTool {
  return {
    name,
    async run(target, effort, cores) {
      const argument = { target, effort, resumes: name === "resumptions" };
      await using program = startLoad("handshakes-child.ts", argument, cores);
      const text = await program.output(effort.seconds * 1000 + LOAD_GRACE_MS);
      return JSON.parse(text) as LoadResult;
    },
  };
}
