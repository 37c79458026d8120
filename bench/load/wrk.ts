import { findProgram } from "../system/programs.ts";
import { Spawned } from "../system/spawned.ts";
import { WorkFolder } from "../system/work-folder.ts";
import { LOAD_GRACE_MS } from "./load.ts";
import type { Effort, LoadResult, LoadTool, Target } from "./load.ts";

/** wrk costs a fraction of what autocannon does: one core of it saturates any contender. */
export const wrk: LoadTool = {
  name: "wrk",
  async run(target, effort, cores) {
    const file = findProgram("wrk");
    if (file === undefined) throw new Error("Cannot run wrk: it is not installed");
    await using folder = await WorkFolder.make();
    const script = await folder.write("request.lua", requestScript(target));
    const args = [...wrkArguments(target, effort), "-s", script];
    await using program = new Spawned({
      file,
      arguments: [
        ...args,
        `${target.secure ? "https" : "http"}://${target.host}:${target.port}${target.path}`,
      ],
      cores: cores.load,
    });
    return parseWrk(await program.output(effort.seconds * 1000 + LOAD_GRACE_MS));
  },
};

/** Whether wrk can be used. */
export function hasWrk(): boolean {
  return findProgram("wrk") !== undefined;
}

/**
 * Reads wrk's report. Requests with a status of 400 and above count as errors.
 * @throws SyntaxError when it is not such a report.
 */
export function parseWrk(text: string): LoadResult {
  const [, answered, seconds, unit] = /(\d+) requests in ([\d.]+)(m?s|m)/.exec(text) ?? [];
  if (answered === undefined) {
    throw new SyntaxError(`Cannot read wrk's report: wanted requests in a time, found "${text}"`);
  }
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const socketErrors = /Socket errors: (.*)/.exec(text)?.[1]?.match(/\d+/g) ?? [];
  const requests = Number(answered) - refused;
  const inSeconds = Number(seconds) * ({ ms: 0.001, s: 1, m: 60 }[unit ?? "s"] ?? 1);
  const errors = socketErrors.reduce((sum, count) => sum + Number(count), refused);
  return { requests, perSecond: requests / inSeconds, errors };
}

function wrkArguments(target: Target, effort: Effort): string[] {
  const fields = { ...target.fields, ...(effort.newConnections ? { connection: "close" } : {}) };
  return [
    "-t1",
    `-c${effort.connections}`,
    `-d${Math.ceil(effort.seconds)}s`,
    ...Object.entries(fields).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
  ];
}

/** wrk builds the request once, from this script. */
function requestScript({ method, bodyBytes }: Target): string {
  const body = bodyBytes > 0 ? `wrk.body = string.rep("x", ${bodyBytes})\n` : "";
  return `wrk.method = "${method}"\n${body}`;
}
