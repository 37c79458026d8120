import { LogDial } from "../../proxy/base/log-level.ts";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { ApiTls } from "../../control/api/api-tls.ts";
import type { Access } from "../../control/api/auth/access.ts";
import { RefusedCalls } from "../../control/api/auth/refused-calls.ts";
import { createApi } from "../../control/api/server.ts";
import type {
  ApiDeps,
  CertificatesView,
  MigrationsView,
  RegistryView,
  SidecarControl,
  WorkersView,
} from "../../control/api/deps.ts";
import { knownTotals } from "../../control/api/worker-stats.ts";
import { OwnCounts } from "../../control/fleet/own-counts.ts";
import { Audit } from "../../control/records/audit.ts";
import type { ServiceDocument } from "../../control/config/service-schema.ts";
import { Events } from "../../control/records/events.ts";
import type { FiltersInForce } from "../../control/views/filter-view.ts";
import type { Lately } from "../../control/views/problems-view.ts";
import { OpenTotals } from "../../control/migrations/open-totals.ts";
import { Services } from "../../control/table/services.ts";
import { MemoryDocuments } from "../../control/store/memory-documents.ts";
import { ChainedLog } from "../../control/rollout/decision-log.ts";
import { ALONE } from "../../control/rollout/leader.ts";
import { RolloutAsking } from "../../control/rollout/rollout-asking.ts";
import { RolloutKeeper } from "../../control/rollout/rollout-keeper.ts";
import { CountedSeconds } from "../../control/rollout/counted-seconds.ts";
import type { WorkerTotals } from "../../control/views/worker-totals.ts";
import { MemoryStore } from "../../control/store/memory-store.ts";
import type { TableSink } from "../../control/table/table-sink.ts";
import { systemClock } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import { jsonLog } from "../../proxy/base/log.ts";
import type { TableChange } from "../../proxy/table/snapshot.ts";

/** A service with two versions, as most tests want it. */
export const WEB: ServiceDocument = {
  hosts: ["web.test"],
  affinity: { cookie: "sid" },
  versions: {
    v1: { weight: 90, endpoints: ["10.0.0.5:3000", "10.0.0.6:3000"] },
    v2: { weight: 10, endpoints: ["10.0.0.7:3000"] },
  },
};

/** A control API that listens, over a real table in memory, with stand-ins for all the rest. */
export type RunningApi = AsyncDisposable & {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly services: Services;
  readonly events: Events;
  /** Changes that the workers were told. */
  readonly applied: readonly TableChange[];
  readonly logged: readonly string[];
  readonly sidecar: { drains: number; reloads: number };
};

export type ApiOverrides = {
  /** Absent: whoever can connect may do everything. */
  readonly access?: Access;
  /** Absent: it speaks HTTP in clear. */
  readonly tls?: ApiTls;
  readonly initial?: Readonly<Record<string, ServiceDocument>>;
  readonly workers?: WorkersView;
  /** Absent: nothing is remembered. */
  readonly past?: ApiDeps["past"];
  readonly lately?: Partial<Lately>;
  readonly filters?: FiltersInForce;
  readonly prepare?: TableSink["prepare"];
  readonly migrations?: MigrationsView;
  readonly certificates?: CertificatesView;
  readonly sidecar?: Partial<SidecarControl>;
  readonly registry?: RegistryView;
  readonly fleetCounts?: ApiDeps["fleetCounts"];
  /** Absent: nothing is counted. */
  readonly ownSeconds?: ApiDeps["ownSeconds"];
  readonly storeProblem?: () => string;
  readonly clock?: Clock;
  /** Absent: nobody looks at rollouts. */
  readonly leadsRollouts?: boolean;
};

/** Whoever comes may do everything. */
const OPEN: Access = {
  problems: [],
  identify: async () => ({
    actor: "local",
    role: "admin",
    services: undefined,
    stands: () => true,
  }),
};

/** No service has traffic, and nothing is known against an endpoint. */
export const QUIET: Lately = {
  isBusy: () => false,
  failures: () => 0,
  ejectedBy: () => 0,
  panicBy: () => 0,
  listeners: [],
};

/** No version is migrating, and nothing is under way. */
const NO_MIGRATIONS: MigrationsView = {
  view: () => undefined,
  open: async () => new OpenTotals([]),
  act: () => {
    throw new Error("No migration is under way");
  },
};

/** Nothing speaks TLS. */
const NO_CERTIFICATES: CertificatesView = {
  status: () => [],
  reload: async () => ({ replaced: [], refused: [] }),
};

/**
 * Starts one. By default it holds the service `web` at revision 1 and no worker counts anything.
 */
export async function startApi(
  overrides: ApiOverrides = {},
  create: (deps: ApiDeps) => FastifyInstance = createApi,
): Promise<RunningApi> {
  const clock = overrides.clock ?? systemClock;
  const logged: string[] = [];
  const applied: TableChange[] = [];
  const log = jsonLog(
    (line) => logged.push(line),
    () => clock.wallMs(),
  );
  const audit = await Audit.open({ clock });
  const events = new Events(clock);
  const sink: TableSink = {
    apply: async (change) => void applied.push(change),
    ...(overrides.prepare && { prepare: overrides.prepare }),
  };
  const keeper = new RolloutKeeper(new MemoryDocuments(), { clock, log });
  const { ward } = keeper;
  const services = new Services({ store: new MemoryStore(), sink, events, audit, log, ward });
  await services.start(overrides.initial ?? { web: WEB });
  const counts = { drains: 0, reloads: 0 };
  const workers = overrides.workers ?? { stats: async () => [], restarts: 0, pids: [1] };
  const totals = (): Promise<WorkerTotals> => knownTotals(workers, clock);
  const nothing = { sinceS: Infinity, untilS: -Infinity, seconds: [] };
  const observations = new CountedSeconds(async () => ({ answers: [nothing], missing: [] }), clock);
  const rollouts = keeper.open({
    services,
    newVersions: () => [],
    asking: new RolloutAsking({ hooks: {}, metrics: {} }, ".", { clock, log }),
    observations,
    audit,
    events,
    clock,
    log,
    leader: ALONE,
    decisions: new ChainedLog(undefined, log),
    evidence: undefined,
  });
  if (overrides.leadsRollouts === true) await rollouts.start();
  const dial = new LogDial();
  const deps: ApiDeps = {
    rollouts,
    spans: { counts: { exported: 0, dropped: 0 } },
    hasFineBuckets: false,
    logging: { dial, setLevel: async (level) => void (dial.level = level) },
    access: overrides.access ?? OPEN,
    tls: overrides.tls,
    calls: new RefusedCalls({ audit, log, clock, revision: () => services.revision }),
    services,
    filters: overrides.filters ?? { specs: () => [] },
    events,
    audit,
    log,
    clock,
    migrations: overrides.migrations ?? NO_MIGRATIONS,
    certificates: overrides.certificates ?? NO_CERTIFICATES,
    workers,
    past: overrides.past ?? { run: async () => undefined, of: () => [], end: () => undefined },
    lately: () => ({ ...QUIET, ...overrides.lately }),
    sidecar: Object.defineProperties(standInSidecar(counts), descriptors(overrides.sidecar)),
    registry: overrides.registry,
    ownCounts: new OwnCounts({
      sidecar: undefined,
      epoch: "e",
      services,
      totals,
    }),
    ownSeconds: overrides.ownSeconds ?? (() => Promise.resolve(nothing)),
    fleetCounts: overrides.fleetCounts,
    storeProblem: overrides.storeProblem,
    build: { version: "0.0.0-test" },
  };
  const app = create(deps);
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    services,
    events,
    applied,
    logged,
    sidecar: counts,
    async [Symbol.asyncDispose]() {
      await app.close();
      await rollouts.close();
      await services.close();
    },
  };
}

function standInSidecar(counts: { drains: number; reloads: number }): SidecarControl {
  return {
    drain: () => void (counts.drains += 1),
    get draining() {
      return counts.drains > 0;
    },
    reloads: { lastSuccessMs: 0, isSuccessful: true },
    upgrade: async () => ({ pid: 2, replaced: 1 }),
    swap: async () => ({ started: [2], retired: [1] }),
    reload: async () => ({ reloads: (counts.reloads += 1) }),
    get ready() {
      const draining = counts.drains > 0;
      return { ok: !draining, reasons: draining ? ["draining"] : [] };
    },
  };
}

function descriptors(overrides: Partial<SidecarControl> = {}): PropertyDescriptorMap {
  return Object.getOwnPropertyDescriptors(overrides);
}
