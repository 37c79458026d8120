import type { Client } from "undici";
import type { SoakEndpoints } from "./endpoints.ts";
import type { Failures } from "./failures.ts";
import { pause, systemClock } from "../../proxy/base/clock.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** What operators, and life, do to a sidecar while it serves. */
export type Operation = {
  readonly name: string;
  readonly everyMs: number;
  /**
   * The part of the soak that it belongs to. swapping: the first half only, so that workers can
   * grow old after it.
   */
  readonly during: "all" | "swapping";
  /** @throws Error when it was not done. */
  readonly run: () => Promise<void>;
};

const SHIFT_EVERY_MS = 500;
const RESTART_EVERY_MS = 7_000;
const SWAP = { name: "swap", everyMs: 30_000, during: "swapping" } as const;
const SWAP_PATH = "/v1/workers/swap";

/** The operations that this sidecar supports: swaps only if its API has them. */
export async function operationsOf(
  api: Client,
  endpoints: SoakEndpoints,
  failures: Failures,
): Promise<readonly Operation[]> {
  let shifts = 0;
  const shift = async (): Promise<void> => {
    // Visits all shares, in steps that do not divide 100: 0, 37, 74, 11 …
    shifts += 1;
    const v2 = (shifts * 37) % 101;
    await call(api, "PATCH", "/v1/services/web/weights", { v1: 100 - v2, v2 });
  };
  const swap = (): Promise<void> => call(api, "POST", SWAP_PATH, {});
  return [
    { name: "shift", everyMs: SHIFT_EVERY_MS, during: "all", run: shift },
    {
      name: "endpoint restart",
      everyMs: RESTART_EVERY_MS,
      during: "all",
      run: () => endpoints.restartNext(failures),
    },
    ...((await canSwap(api)) ? [{ ...SWAP, run: swap }] : []),
  ];
}

/** Repeats an operation until the end. Each time that it does not succeed counts as a failure. */
export async function repeat(
  { name, everyMs, run }: Operation,
  failures: Failures,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await pause(systemClock, everyMs, signal);
    if (signal.aborted) return;
    const startMs = performance.now();
    try {
      await run();
      failures.succeed(name);
    } catch (error) {
      failures.fail(name, errorText(error), { startMs, endMs: performance.now() }, false);
    }
  }
}

async function canSwap(api: Client): Promise<boolean> {
  const { body } = await api.request({ path: "/v1/openapi.json", method: "GET" });
  const document = (await body.json()) as { readonly paths: Readonly<Record<string, unknown>> };
  return SWAP_PATH in document.paths;
}

async function call(
  api: Client,
  method: "PATCH" | "POST",
  path: string,
  content: object,
): Promise<void> {
  const { statusCode, body } = await api.request({
    path,
    method,
    headers: { "content-type": "application/json", "if-match": "*" },
    body: JSON.stringify(content),
  });
  const text = await body.text();
  if (statusCode >= 300) throw new Error(`${method} ${path}: ${statusCode} ${text}`);
}
