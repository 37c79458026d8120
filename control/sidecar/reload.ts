import { isDeepStrictEqual } from "node:util";
import type { Log } from "../../proxy/base/log.ts";
import type { Config } from "../config/config-schema.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import type { Services } from "../table/services.ts";
import type { Workers } from "../workers/workers.ts";
import { listenerChanges } from "./listener-changes.ts";
import type { ListenerChanges } from "./listener-changes.ts";
import { openListener } from "./open-listener.ts";

/** Keys of the configuration that a reload cannot follow. */
const NEED_RESTART = ["control", "workers", "store", "consul", "register"] as const;

/** The result of reading the configuration file again. */
export type ReloadReport = {
  readonly services: {
    readonly replaced: readonly string[];
    readonly removed: readonly string[];
  };
  readonly listeners: { readonly opened: readonly string[]; readonly closed: readonly string[] };
  /** Keys of the file that have changed but take effect only at the next start. */
  readonly needsRestart: readonly string[];
};

/** What a reload works with. */
export type ReloadDeps = {
  readonly services: Pick<Services, "names" | "putAll">;
  readonly workers: Pick<Workers, "reserve" | "listen" | "unlisten">;
  readonly log: Log;
  /** Reads the file again. @throws ConfigError */
  readonly readConfig: () => Promise<Config>;
};

/**
 * Reads the configuration file again and follows it. `config` is what applies from now on; `before`
 * stays where the new file needs a restart. Whatever can be refused is refused before a request
 * sees any of it. @throws ConfigError, FilterRefusedError, ListenError; then nothing has changed.
 */
export async function reload(
  deps: ReloadDeps,
  before: Config,
): Promise<{ readonly config: Config; readonly report: ReloadReport }> {
  const next = await deps.readConfig();
  const needsRestart = NEED_RESTART.filter((key) => !isDeepStrictEqual(before[key], next[key]));
  const changes = listenerChanges(before.listeners, next.listeners);
  await reserve(deps, changes.opened);
  const services = await reloadServices(deps, before.documents, next.documents).catch(
    async (error: unknown) => {
      await giveBack(deps, changes.opened);
      throw error;
    },
  );
  const listeners = await reloadListeners(deps, changes);
  const config = { ...next, ...pick(before, needsRestart) };
  return { config, report: { services, listeners, needsRestart } };
}

/** Services that have changed in the file; others keep what the API has changed. */
async function reloadServices(
  { services }: ReloadDeps,
  before: Readonly<Record<string, ServiceDocument>>,
  next: Readonly<Record<string, ServiceDocument>>,
): Promise<ReloadReport["services"]> {
  const context = { actor: "file", reason: "reload", ifMatch: "*" } as const;
  const replaced = Object.keys(next).filter((name) => !isDeepStrictEqual(before[name], next[name]));
  const removed = Object.keys(before).filter((name) => !(name in next));
  const known = services.names();
  const documents = new Map<string, ServiceDocument | undefined>([
    ...removed.filter((name) => known.includes(name)).map((name) => [name, undefined] as const),
    ...replaced.map((name) => [name, next[name]] as const),
  ]);
  await services.putAll("reload", documents, context, "*");
  return { replaced, removed };
}

/** Binds the sockets of listeners that are new. @throws ListenError, and then none is bound. */
async function reserve(deps: ReloadDeps, listeners: ListenerChanges["opened"]): Promise<void> {
  try {
    for (const { listener } of listeners) await deps.workers.reserve(listener.bind);
  } catch (error) {
    await giveBack(deps, listeners);
    throw error;
  }
}

async function giveBack(
  { workers }: ReloadDeps,
  listeners: ListenerChanges["opened"],
): Promise<void> {
  for (const { listener, isNew } of listeners) {
    if (isNew) await workers.unlisten(listener.bind);
  }
}

async function reloadListeners(
  deps: ReloadDeps,
  changes: ListenerChanges,
): Promise<ReloadReport["listeners"]> {
  for (const { listener } of changes.opened) await openListener(deps, listener);
  for (const bind of changes.closed) await deps.workers.unlisten(bind);
  return { opened: changes.opened.map(({ listener }) => listener.bind), closed: changes.closed };
}

function pick<Key extends keyof Config>(config: Config, keys: readonly Key[]): Pick<Config, Key> {
  return Object.fromEntries(keys.map((key) => [key, config[key]])) as Pick<Config, Key>;
}
