import { writeFile } from "node:fs/promises";
import { GRPC_MESSAGE } from "../origin/answers.ts";
import { findProgram } from "../system/programs.ts";
import { Spawned } from "../system/spawned.ts";
import { WorkFolder } from "../system/work-folder.ts";
import { LOAD_GRACE_MS } from "./load.ts";
import type { Effort, LoadResult, LoadTool, Target } from "./load.ts";

/** nghttp2's generator for HTTP/2, with as many streams under way as the effort says. */
export const h2load: LoadTool = {
  name: "h2load",
  async run(target, effort, cores) {
    const file = findProgram("h2load");
    if (file === undefined) throw new Error("Cannot run h2load: it is not installed");
    await using folder = await WorkFolder.make();
    const body = `${folder.path}/body`;
    if (target.bodyBytes > 0) await writeFile(body, bodyOf(target));
    const args = h2loadArguments(target, effort, body);
    await using program = new Spawned({ file, arguments: args, cores: cores.load });
    return parseH2load(await program.output(effort.seconds * 1000 + LOAD_GRACE_MS));
  },
};

/**
 * Reads h2load's report. What is not answered with 2xx counts as errors, but for what is under way
 * when its time is over, which it does not count at all.
 * @throws SyntaxError when it is not such a report.
 */
export function parseH2load(text: string): LoadResult {
  const [, perSecond] = /finished in [\d.]+\w+, ([\d.]+) req\/s/.exec(text) ?? [];
  const [, done, failed] = /(\d+) done, \d+ succeeded, (\d+) failed/.exec(text) ?? [];
  const [, requests] = /status codes: (\d+) 2xx/.exec(text) ?? [];
  if (perSecond === undefined || done === undefined || requests === undefined) {
    throw new SyntaxError(`Cannot read h2load's report: found "${text}"`);
  }
  const refused = Math.max(Number(done) - Number(requests), Number(failed));
  return { requests: Number(requests), perSecond: Number(perSecond), errors: refused };
}

function h2loadArguments(target: Target, effort: Effort, body: string): string[] {
  const { Host: authority = "", ...fields } = target.fields;
  const scheme = target.secure ? "https" : "http";
  return [
    "--threads=1",
    `--clients=${effort.connections}`,
    `--max-concurrent-streams=${effort.streams}`,
    `--duration=${Math.ceil(effort.seconds)}`,
    `--header=:authority: ${authority}`,
    ...Object.entries(fields).map(([name, value]) => `--header=${name}: ${value}`),
    ...(target.bodyBytes > 0 ? [`--data=${body}`] : []),
    `${scheme}://${target.host}:${target.port}${target.path}`,
  ];
}

/** A body of gRPC is a message. */
function bodyOf({ fields, bodyBytes }: Target): Buffer {
  const isGrpc = fields["content-type"] === "application/grpc";
  return isGrpc ? GRPC_MESSAGE : Buffer.alloc(bodyBytes, "x");
}
