import { isDeepStrictEqual } from "node:util";
import type { Log } from "../../proxy/base/log.ts";
import type { LiveAccess } from "../api/auth/access.ts";
import type { Config } from "../config/config-schema.ts";
import type { DocumentRules } from "../config/document-rules.ts";
import { pathText } from "../config/problems.ts";
import { ValidationError } from "../base/errors.ts";
import type { DesiredTable } from "../table/desired-table.ts";
import { reloadedServices, reloadWrite } from "../table/reload-write.ts";
import type { ReloadedServices } from "../table/reload-write.ts";
import type { Services } from "../table/services.ts";
import type { WriteContext } from "../table/table-sink.ts";
import type { Write, Written } from "../table/table-write.ts";
import type { Warning } from "../table/warnings.ts";
import type { Certificates } from "../tls/certificates.ts";
import type { TellLogLevel } from "../workers/tell-log-level.ts";
import type { TellAccessLog } from "../workers/tell-access-log.ts";
import type { TellTracing } from "./tell-tracing.ts";
import type { Workers } from "../workers/workers.ts";
import { openedAccessLog } from "./access-log-file.ts";
import { listenerChanges } from "./listener-changes.ts";
import type { ListenerChanges } from "./listener-changes.ts";
import { openListener } from "./open-listener.ts";

/** Keys of the configuration that a reload cannot follow. */
const NEED_RESTART = [
  "control",
  "metrics",
  "workers",
  "store",
  "consul",
  "register",
  "rollouts",
] as const;

/** The result of reading the configuration file again. */
export type ReloadReport = {
  readonly services: ReloadedServices;
  readonly listeners: { readonly opened: readonly string[]; readonly closed: readonly string[] };
  /** Keys of the file that have changed but take effect only at the next start. */
  readonly needsRestart: readonly string[];
  readonly warnings: readonly Warning[];
};

/** How to reload. */
export type ReloadOptions = {
  /** Only say what a reload would do. Neither filters nor listeners are tried. */
  readonly plan: boolean;
  /** See FileChange. */
  readonly restore: readonly string[];
} & Pick<WriteContext, "actor" | "reason" | "force">;

/** What a reload works with. */
export type ReloadDeps = {
  readonly services: Pick<Services, "change" | "preview">;
  readonly workers: Pick<Workers, "reserve" | "listen" | "unlisten">;
  readonly tellAccessLog: TellAccessLog;
  readonly tellTracing: TellTracing;
  readonly tellLogLevel: TellLogLevel;
  readonly rules: Pick<DocumentRules, "follow" | "below">;
  readonly access: Pick<LiveAccess, "prepare">;
  readonly certificates: Pick<Certificates, "checkListeners" | "addListeners" | "useListeners">;
  readonly log: Log;
  /** Reads the file again. @throws ConfigError */
  readonly readConfig: () => Promise<Config>;
  /** Where it is. */
  readonly configPath: string;
};

/**
 * Reads the configuration file again and follows it. `config` is what applies from now on; `before`
 * stays where the new file needs a restart. Whatever can be refused is refused before a request
 * sees any of it. @throws ConfigError, NothingWouldServeError, FilterRefusedError, ListenError;
 * then nothing has changed.
 */
export async function reload(
  deps: ReloadDeps,
  before: Config,
  options: ReloadOptions,
): Promise<{ readonly config: Config; readonly report: ReloadReport }> {
  const next = await deps.readConfig();
  await deps.certificates.checkListeners(next.listenerFiles);
  const accessLog = await openedAccessLog(next, deps.configPath);
  const needsRestart = restartsFor(before, next);
  const control = controlAfter(before.control, next.control);
  const useCredentials = await deps.access.prepare(control.auth);
  const changes = listenerChanges(before.listeners, next.listeners);
  const { plan, restore, reason = "reload", force = false } = options;
  const file = { before: before.documents, next: next.documents, restore };
  const context = { actor: "file", reason, ifMatch: "*", force } as const;
  const admit = (after: DesiredTable): void => refuseBelow(after, deps.rules);
  const write = { ...reloadWrite(file, context), listeners: next.listeners, admit };
  const config = { ...next, ...pick(before, needsRestart), control };
  // What the new file lets documents do applies to its own services already.
  deps.rules.follow(config);
  try {
    const written = plan
      ? await deps.services.preview(write)
      : await follow(deps, write, { before, next, changes });
    if (plan) deps.rules.follow(before);
    else {
      useCredentials();
      await deps.tellAccessLog(accessLog);
      await deps.tellTracing(next.tracing);
      // One that was set by the API stays, unless the file has another one now.
      if (before.log.level !== next.log.level) await deps.tellLogLevel(next.log.level);
    }
    const services = reloadedServices(written, file);
    const { warnings } = written;
    const report = { services, listeners: bindsOf(changes), needsRestart, warnings };
    return { config: plan ? before : config, report };
  } catch (error) {
    deps.rules.follow(before);
    throw error;
  }
}

/** What of `control` needs a restart: its credentials follow the file. */
function lasting({ auth: _auth, ...rest }: Config["control"]): object {
  return rest;
}

function restartsFor(before: Config, next: Config): readonly (typeof NEED_RESTART)[number][] {
  return NEED_RESTART.filter((key) => {
    if (key !== "control") return !isDeepStrictEqual(before[key], next[key]);
    return !isDeepStrictEqual(lasting(before.control), lasting(next.control));
  });
}

/**
 * What applies of `control`. Without credentials the API must not be where others can reach it, so
 * they go only when nothing else in it changes.
 */
function controlAfter(before: Config["control"], next: Config["control"]): Config["control"] {
  const isSame = isDeepStrictEqual(lasting(before), lasting(next));
  return next.auth === undefined && !isSame ? before : { ...before, auth: next.auth };
}

/**
 * A new floor holds for services that are in force already, and may have been changed since the
 * file was read last. @throws ValidationError
 */
function refuseBelow({ services }: DesiredTable, rules: ReloadDeps["rules"]): void {
  const problems = [...services].flatMap(([name, { service }]) =>
    rules.below(name, service).map(({ path, ...flaw }) => {
      return { ...flaw, path: pathText(["services", name, ...path]) };
    }),
  );
  if (problems.length > 0) throw new ValidationError("the table in force", problems);
}

async function follow(
  deps: ReloadDeps,
  write: Write,
  { before, next, changes }: Turn,
): Promise<Written> {
  await reserve(deps, changes.opened);
  await deps.certificates.addListeners(next.listenerFiles);
  const written = await deps.services.change(write).catch(async (error: unknown) => {
    await giveBack(deps, changes.opened);
    await deps.certificates.useListeners(before);
    throw error;
  });
  await followListeners(deps, changes);
  await deps.certificates.useListeners(next);
  return written;
}

/** From one configuration to the next. */
type Turn = { readonly before: Config; readonly next: Config; readonly changes: ListenerChanges };

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

async function followListeners(deps: ReloadDeps, changes: ListenerChanges): Promise<void> {
  for (const { listener } of changes.opened) await openListener(deps, listener);
  for (const bind of changes.closed) await deps.workers.unlisten(bind);
}

function bindsOf({ opened, closed }: ListenerChanges): ReloadReport["listeners"] {
  return { opened: opened.map(({ listener }) => listener.bind), closed };
}

function pick<Key extends keyof Config>(config: Config, keys: readonly Key[]): Pick<Config, Key> {
  return Object.fromEntries(keys.map((key) => [key, config[key]])) as Pick<Config, Key>;
}
