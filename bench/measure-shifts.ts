import { Client } from "undici";
import { loadedHost } from "./contenders/contender.ts";
import type { RunningContender } from "./contenders/contender.ts";
import type { ShiftSample } from "./results.ts";
import { percentile } from "./statistics.ts";

/** Shifts of one round; the first ones, while the engine compiles, are not counted. */
const SHIFTS = 300;
const UNCOUNTED = 50;

/**
 * Shifts a service back and forth over one connection to the API. The answer comes once every
 * worker acts on the shift, so the time it takes is the figure.
 */
export async function measureShifts(
  { api }: RunningContender,
  round: number,
): Promise<ShiftSample> {
  if (api === undefined) throw new Error("Cannot shift: the contender has no API");
  const client = new Client(api);
  try {
    const times: number[] = [];
    for (let shift = 0; shift < SHIFTS; shift += 1) times.push(await timeShift(client, shift));
    const sorted = times.slice(UNCOUNTED).toSorted((a, b) => a - b);
    return { round, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
  } finally {
    await client.close();
  }
}

async function timeShift(client: Client, shift: number): Promise<number> {
  const v2 = shift % 101;
  const startMs = performance.now();
  const { statusCode, body } = await client.request({
    path: `/v1/services/${loadedHost(1)}/weights`,
    method: "PATCH",
    headers: { "content-type": "application/json", "if-match": "*" },
    body: JSON.stringify({ v1: 100 - v2, v2 }),
  });
  const answer = await body.text();
  if (statusCode !== 200) throw new Error(`Cannot shift: ${statusCode} ${answer}`);
  return performance.now() - startMs;
}
