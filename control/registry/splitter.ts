import { isDeepStrictEqual } from "node:util";
import { type ConsulClient, consulPath } from "../consul/client.ts";
import { parseAnswer } from "../consul/answer.ts";
import { parseSplitter, type Splitter, toWeights, entryWithWeights } from "./config-entry.ts";
import { ConsulError } from "../consul/consul-error.ts";
import { watch, type WatchDeps } from "../consul/watch.ts";

/** Tries against other writers of the same entry, which are a few operators and controllers. */
const PUBLISH_TRIES_MAX = 3;
const WATCH_LIMIT = { burst: 5, refillMs: 1_000 };

/**
 * Writes weights to the service's splitter by compare-and-set, so that Envoy sidecars shift too,
 * unless it has them.
 * Consul checks that each version is a subset of the service-resolver.
 * @throws ConsulError
 */
export async function publishSplitter(
  client: ConsulClient,
  name: string,
  weights: Readonly<Record<string, number>>,
): Promise<void> {
  const action = `write service-splitter ${name}`;
  for (let attempt = 1; attempt <= PUBLISH_TRIES_MAX; attempt += 1) {
    const before = (await readSplitter(client, name)) ?? emptySplitter(name);
    const { ModifyIndex, ...entry } = entryWithWeights(before, weights);
    if (isDeepStrictEqual(entry.Splits, before.Splits)) return;
    const answer = await client.request({
      action,
      method: "PUT",
      path: "config",
      query: { cas: String(ModifyIndex) },
      body: JSON.stringify(entry),
    });
    if (answer.text.trim() === "true") return;
  }
  throw new ConsulError("consul_refused", action, "others keep changing it");
}

/**
 * Tells the splitter's weights at first and with each change, until the signal is aborted. While
 * there is no entry it tells nothing: weights stay what they are.
 */
export async function followSplitter(
  deps: WatchDeps,
  name: string,
  listener: {
    readonly onWeights: (weights: Readonly<Record<string, number>>) => void | Promise<void>;
    readonly onFailure: (error: unknown) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const action = `read service-splitter ${name}`;
  const path = splitterPath(name);
  await watch(
    deps,
    { action, path, stale: true, limit: WATCH_LIMIT },
    {
      onChange: async ({ found, text }) => {
        if (found) await listener.onWeights(toWeights(parseSplitter(parseAnswer(action, text))));
      },
      onFailure: listener.onFailure,
    },
    signal,
  );
}

async function readSplitter(client: ConsulClient, name: string): Promise<Splitter | undefined> {
  const entry = await client.json({
    action: `read service-splitter ${name}`,
    path: splitterPath(name),
  });
  return entry === undefined ? undefined : parseSplitter(entry);
}

function splitterPath(name: string): string {
  return `config/service-splitter/${consulPath(name)}`;
}

function emptySplitter(name: string): Splitter {
  return { Kind: "service-splitter", Name: name, Splits: [], ModifyIndex: 0 };
}
