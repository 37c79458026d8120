import type { EventEmitter } from "node:events";
import autocannon from "autocannon";
import { loadArgument } from "./child.ts";
import type { Effort, LoadResult, Target } from "./load.ts";

const { target, effort } = loadArgument() as { target: Target; effort: Effort };
let requests = 0;
let refused = 0;

/** Counted here: with a new connection per request autocannon itself counts no answer. */
function count({ statusCode }: { readonly statusCode?: number }): void {
  if (statusCode !== undefined && statusCode >= 200 && statusCode < 300) requests += 1;
  else refused += 1;
}

const { errors, duration } = await autocannon({
  url: `http://${target.host}:${target.port}${target.path}`,
  method: target.method,
  headers: target.fields,
  ...(target.bodyBytes > 0 ? { body: Buffer.alloc(target.bodyBytes, "x") } : {}),
  connections: effort.connections,
  duration: effort.seconds,
  ...(effort.newConnections ? { reconnectRate: 1 } : {}),
  // Its types declare one event only.
  setupClient: (client: EventEmitter) => client.on("headers", count),
});
const result: LoadResult = { requests, perSecond: requests / duration, errors: errors + refused };
process.stdout.write(JSON.stringify(result), () => process.exit(0));
