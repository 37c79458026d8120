import type { Cores } from "../system/cores.ts";
import { startLoad } from "./child.ts";
import { LOAD_GRACE_MS } from "./load.ts";
import type { Target } from "./load.ts";

/** An open loop: requests go out on schedule, whatever has become of earlier ones. */
export type OpenLoop = {
  readonly target: Target;
  readonly connections: number;
  readonly requestsPerSecond: number;
  readonly seconds: number;
};

/** Latencies in microseconds, each from the moment the request was due. */
export type OpenLoopResult = {
  readonly answered: number;
  readonly errors: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** How late the generator itself was, at the 99th percentile. It is not part of the latencies. */
  readonly lateP99Us: number;
};

/** Runs it in a process of its own. */
export async function runOpenLoop(loop: OpenLoop, cores: Cores): Promise<OpenLoopResult> {
  await using program = startLoad("open-loop-child.ts", loop, cores);
  return JSON.parse(await program.output(loop.seconds * 1000 + LOAD_GRACE_MS)) as OpenLoopResult;
}
