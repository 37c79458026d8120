import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { systemClock } from "../proxy/base/clock.ts";
import { streamLog } from "../proxy/base/log.ts";
import { LogDial } from "../proxy/base/log-level.ts";
import type { Log } from "../proxy/base/log.ts";
import { systemRandom } from "../proxy/base/random.ts";
import type { ApiDeps, CountsDeps } from "./api/deps.ts";
import { TrafficPast } from "./api/traffic-past.ts";
import { knownTotals } from "./api/worker-stats.ts";
import { OwnCounts } from "./fleet/own-counts.ts";
import type { WorkerTotals } from "./views/worker-totals.ts";
import { createMetricsServer } from "./api/metrics-server.ts";
import { createApi } from "./api/server.ts";
import { Audit } from "./records/audit.ts";
import { buildVersion } from "./base/build-version.ts";
import { ownWorkerFile } from "./base/program-files.ts";
import type { Config } from "./config/config-schema.ts";
import type { Service } from "./config/service.ts";
import { Certificates } from "./tls/certificates.ts";
import { DocumentRules } from "./config/document-rules.ts";
import { loadConfig } from "./config/load.ts";
import type { ConsulLink, ConsulLinkDeps } from "./registry/consul-link.ts";
import type { Discovery, NewVersion } from "./discovery/discovery.ts";
import { openEndpointDiscovery } from "./discovery/endpoint-discovery.ts";
import { Events } from "./records/events.ts";
import { SpanExporter } from "./tracing/span-exporter.ts";
import { WorkerNews } from "./records/worker-news.ts";
import { FilterFiles } from "./filters/filter-files.ts";
import { FilterSink } from "./filters/filter-sink.ts";
import { RunningFilters } from "./filters/running-filters.ts";
import { Inheritance } from "./sidecar/inheritance.ts";
import { ListeningSockets } from "./workers/listening-sockets.ts";
import { logTimers } from "./views/log-timers.ts";
import { Migrations } from "./migrations/migrations.ts";
import { systemPaths } from "./names/system-files.ts";
import type { Asker } from "./table/table-sink.ts";
import type { Surroundings } from "./table/guard.ts";
import { Services } from "./table/services.ts";
import { openedAccessLog } from "./sidecar/access-log-file.ts";
import { openGate } from "./sidecar/open-gate.ts";
import { ChainedLog } from "./rollout/decision-log.ts";
import { ALONE } from "./rollout/leader.ts";
import { RolloutAsking } from "./rollout/rollout-asking.ts";
import { RolloutKeeper } from "./rollout/rollout-keeper.ts";
import type { OpenRolloutsDeps } from "./rollout/rollout-keeper.ts";
import { askOwn, CountedSeconds } from "./rollout/counted-seconds.ts";
import type { AskSeconds } from "./rollout/counted-seconds.ts";
import { Sidecar } from "./sidecar/sidecar.ts";
import { pageAddress } from "./sidecar/api-servers.ts";
import type { ApiServers } from "./sidecar/api-servers.ts";
import { auditPath, decisionsPath, openDocuments, openStore } from "./store/open-store.ts";
import type { Documents } from "./store/documents.ts";
import type { Store, StoredTable } from "./store/store.ts";
import { TRIAL_DEFAULT_MS } from "./workers/swap.ts";
import { Briefing } from "./workers/briefing.ts";
import type { TellLogLevel } from "./workers/tell-log-level.ts";
import { openTellers } from "./sidecar/open-tellers.ts";
import { observeWorkers } from "./workers/observe-workers.ts";
import { Workers } from "./workers/workers.ts";
import { errorText } from "../proxy/base/error-text.ts";

/** How `sluice run` was called. */
export type RunOptions = { readonly configPath: string; readonly env: NodeJS.ProcessEnv };

/**
 * Runs a sidecar until it has drained. SIGTERM and SIGINT drain, and a second one ends it at once;
 * SIGHUP reads the file again.
 * @throws ConfigError when the file cannot be used, others when it cannot start: those it logs too.
 */
export async function runSidecar(options: RunOptions): Promise<void> {
  process.title = "sluice";
  // Until the sidecar listens to them: their default is to end it, and the file is read anyway.
  for (const signal of ["SIGHUP", "SIGUSR2"] as const) process.on(signal, () => undefined);
  const inheritance = await Inheritance.receive(options.env);
  const readConfig = (): Promise<Config> => loadConfig(options.configPath, options.env);
  const config = await readConfig();
  // A closed log pipe (EPIPE) must not stop traffic: lines are lost, nothing else.
  process.stdout.on("error", () => undefined);
  const dial = new LogDial(config.log.level);
  const log = streamLog(process.stdout, () => systemClock.wallMs(), dial);
  const page = pageAddress(config.control);
  log.info("sidecar.starting", { version: buildVersion(), page });
  try {
    const sidecar = await startSidecar({ ...options, config, readConfig, log, dial, inheritance });
    await sidecar.drained;
  } catch (error) {
    log.error("sidecar.failed", { message: errorText(error) });
    throw error;
  }
}

type Start = RunOptions & {
  readonly config: Config;
  readonly readConfig: () => Promise<Config>;
  readonly log: Log;
  readonly dial: LogDial;
  readonly inheritance: Inheritance | undefined;
};

async function startSidecar(start: Start): Promise<Sidecar> {
  const { config, log, inheritance } = start;
  const clock = systemClock;
  const events = new Events(clock);
  const linkDeps = { clock, random: systemRandom, log, events };
  const link = await openLink(config, inheritance?.table, linkDeps);
  const onProblem = (problem: string | undefined): void =>
    void events.emit({ kind: "store", problem });
  const store =
    link?.store ?? (await openStore(config.store, inheritance, { clock, log, onProblem }));
  const sockets = new ListeningSockets(inheritance?.sockets);
  const briefing = new Briefing();
  briefing.leaving = config.drain;
  briefing.logLevel = config.log.level;
  briefing.accessLog = await openedAccessLog(config, start.configPath);
  briefing.tracing = config.tracing?.ratio;
  const pseudonym = `sluice-${randomBytes(4).toString("hex")}`;
  const spans = new SpanExporter(pseudonym, { clock, random: systemRandom, log });
  spans.follow(config.tracing);
  const news = new WorkerNews({ clock, log, events });
  const terms = { count: config.workers, file: ownWorkerFile(), pseudonym, briefing };
  const workers = new Workers({
    ...terms,
    sockets,
    log,
    clock,
    onEvent: (report) => news.tell(report),
    onSpans: (report) => spans.add(report),
  });
  try {
    const countsEpoch = inheritance?.countsEpoch ?? randomBytes(8).toString("hex");
    const documents =
      link?.shared?.documents ?? openDocuments(config.store, inheritance?.documents);
    const parts = { events, link, store, documents, sockets, briefing, workers, spans };
    const opened = { ...parts, countsEpoch };
    const { services, sidecar, servers } = await compose(start, opened);
    onSignals(sidecar, log);
    await sidecar.start(servers);
    logTimers(services, log);
    inheritance?.serve(workers);
    return sidecar;
  } catch (error) {
    workers.close();
    await (link ?? store).close();
    throw error;
  }
}

/** The parts of a sidecar that must be closed if it cannot start. */
type Opened = {
  readonly events: Events;
  readonly link: ConsulLink | undefined;
  readonly store: Store;
  readonly documents: Documents;
  readonly sockets: ListeningSockets;
  readonly briefing: Briefing;
  readonly workers: Workers;
  readonly spans: SpanExporter;
  /** See SidecarCounts. */
  readonly countsEpoch: string;
};

type Composed = {
  readonly services: Services;
  readonly sidecar: Sidecar;
  readonly servers: ApiServers;
};

async function compose(start: Start, opened: Opened): Promise<Composed> {
  const { config, log, readConfig, configPath, env } = start;
  const { events, link, store, documents, sockets, briefing, workers, spans } = opened;
  const audit = await openAudit(start, opened);
  const shared = { audit, events, log, clock: systemClock };
  const certificates = openCertificates(start, opened);
  const rules = new DocumentRules(config, env, dirname(configPath));
  const discovery = await openEndpointDiscovery({
    ...shared,
    contextFor: certificates.contextFor.bind(certificates),
    random: systemRandom,
    registry: link?.discovery,
    paths: systemPaths(env),
    ownBindOf: (address) => rules.ownBindOf(address),
  });
  const filters = new RunningFilters(briefing);
  const migrations = new Migrations({ ...shared, workers });
  const files = new FilterFiles(dirname(configPath), config.control.filterFolders);
  const local = new FilterSink({ ...shared, workers, briefing, running: filters, files });
  const sink = link?.acknowledging(local) ?? local;
  const onRevision = link && link.revised.bind(link);
  const onTold = (told: ReadonlyMap<string, Service>): void => {
    migrations.follow(told);
    void certificates.useServices(told);
  };
  const around = surroundingsOf(opened);
  const keeper = new RolloutKeeper(documents, shared);
  const watched = { discovery, certificates, rules, around, ward: keeper.ward };
  const services = new Services({ ...shared, store, sink, ...watched, onTold, onRevision });
  const { ask, ...counts } = await openCounts(start, opened, services);
  const rollouts = keeper.open({ ...shared, services, ...guidesOf(start, opened, discovery, ask) });
  const ofGate = { ...shared, certificates, file: configPath, revision: () => services.revision };
  const gate = await openGate(config.control, ofGate);
  const ofFile = { readConfig, configPath, env, ...openTellers(start.dial, opened) };
  const sidecar = new Sidecar(config, {
    ...shared,
    ...gate,
    countsEpoch: opened.countsEpoch,
    documents: store.kind === "memory" ? documents : undefined,
    services,
    rules,
    discovery,
    certificates,
    store,
    registry: link,
    migrations,
    rollouts,
    workers,
    spans,
    sockets,
    ...ofFile,
  });
  const lately: ApiDeps["lately"] = () => ({ ...workers.lately(), listeners: around.listeners() });
  const views = { filters, workers, spans, lately, migrations, rollouts, sidecar, registry: link };
  const storeProblem = (): string | undefined => (link?.shared ?? store).problem;
  const known = { storeProblem, services, ...toldOf(start, ofFile.tellLogLevel) };
  const deps = { ...shared, ...gate.deps, ...views, ...counts, ...known };
  const metrics = config.metrics?.bind === undefined ? undefined : createMetricsServer(deps);
  return { services, sidecar, servers: { api: createApi(deps), metrics } };
}

/** What the API tells of this program, and how much it tells by itself. */
function toldOf({ config, dial }: Start, setLevel: TellLogLevel) {
  return {
    build: { version: buildVersion() },
    logging: { dial, setLevel },
    hasFineBuckets: config.metrics?.buckets === "fine",
  };
}

async function openAudit({ config, log }: Start, { link }: Opened): Promise<Audit> {
  const path = link?.shared?.auditPath ?? auditPath(config.store);
  const audit = await Audit.open({ path, clock: systemClock, log });
  link?.shared?.note(audit);
  return audit;
}

/** Without a fleet nobody is asked, and nothing is loaded for it. */
async function openCounts(
  { config }: Start,
  { link, workers, countsEpoch: epoch }: Opened,
  services: Services,
): Promise<CountsDeps & { readonly ask: AskSeconds }> {
  const clock = systemClock;
  const sidecar = link?.shared?.sidecar;
  const past = new TrafficPast({ services, lastCounts: () => workers.lately().counts, clock });
  const totals = (): Promise<WorkerTotals> => knownTotals(workers, clock);
  const ownCounts = new OwnCounts({ sidecar, epoch, services, totals });
  const ownSeconds: ApiDeps["ownSeconds"] = (question) => observeWorkers(workers, question, clock);
  const own = { ownCounts, ownSeconds, past };
  if (link?.shared === undefined || config.consul === undefined) {
    return { ...own, fleetCounts: undefined, ask: askOwn(ownSeconds) };
  }
  const { openFleet } = await import("./fleet/open-fleet.ts");
  const deps = { clock, shared: link.shared, own: ownCounts, ownSeconds, ended: link.ended };
  const { counts: fleetCounts, ask } = openFleet(config.consul.fleet, deps);
  return { ...own, fleetCounts, ask };
}

function surroundingsOf({ workers, briefing }: Opened): Surroundings {
  return {
    traffic: () => workers.traffic(),
    listeners: () => [...briefing.listeners.values()],
  };
}

/** What rollouts are decided by, who of all sidecars decides, and where that is noted. */
function guidesOf(
  { config, configPath, log }: Start,
  { link, store, documents }: Opened,
  discovery: Discovery,
  seconds: AskSeconds,
): Omit<OpenRolloutsDeps, "audit" | "events" | "clock" | "log" | "services"> {
  const observations = new CountedSeconds(seconds, systemClock);
  const path = link?.shared === undefined ? decisionsPath(config.store) : link.shared.decisionsPath;
  const newVersions = (name: string): readonly NewVersion[] => discovery.newVersions?.(name) ?? [];
  const around = { clock: systemClock, log };
  const asking = new RolloutAsking(config.rollouts, dirname(configPath), around);
  const evidence = link?.shared?.evidence ?? (store.kind === "memory" ? documents : undefined);
  const told = { observations, decisions: new ChainedLog(path, log), evidence, newVersions };
  return { ...told, leader: link?.shared ?? ALONE, asking };
}

/** Those of files, which the ones of Consul's mesh join. */
function openCertificates(
  { configPath, log, inheritance }: Start,
  { events, workers, link }: Opened,
): Certificates {
  const certificates = new Certificates({
    file: configPath,
    tell: (material) => workers.tellTls(material),
    tickets: inheritance?.tickets,
    clock: systemClock,
    events,
    log,
  });
  link?.mesh?.join({
    setMaterial: async (material) => certificates.shared.set("connect", material),
    setIntentions: async (intentions) => workers.tellIntentions(intentions),
  });
  return certificates;
}

/**
 * SIGTERM and SIGINT drain, and the second time end at once. SIGHUP reloads. SIGUSR2 swaps the
 * workers.
 */
function onSignals(sidecar: Sidecar, log: Log): void {
  const end = (signal: string): void => {
    if (sidecar.draining) sidecar.hurry();
    sidecar.drain(bySignal(signal));
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  process.on("SIGUSR2", () => {
    const by = bySignal("SIGUSR2");
    sidecar.swap({ trialMs: TRIAL_DEFAULT_MS, by }).catch((error: unknown) => {
      log.error("swap.refused", { message: errorText(error) });
    });
  });
  process.on("SIGHUP", () => {
    const by = bySignal("SIGHUP");
    sidecar.reload({ plan: false, restore: [], ...by }).catch((error: unknown) => {
      log.error("reload.refused", { message: errorText(error) });
    });
  });
}

function bySignal(signal: string): Asker {
  return { actor: "signal", reason: signal };
}

/** Without Consul its clients are not loaded, which saves 5 MiB. */
async function openLink(
  config: Config,
  before: StoredTable | undefined,
  deps: ConsulLinkDeps,
): Promise<ConsulLink | undefined> {
  if (config.consul === undefined) return undefined;
  const { ConsulLink: Link } = await import("./registry/consul-link.ts");
  return Link.open(config, config.consul, deps, before);
}
