import { z } from "zod";
import type { Compatibility } from "../../proxy/table/compatibility.ts";
import type {
  EndpointSnapshot,
  ServiceSnapshot,
  VersionSnapshot,
} from "../../proxy/table/snapshot.ts";
import type { ShadowStats } from "../../proxy/metrics/shadow-counts.ts";
import { AGE_CLASSES } from "../../proxy/messages/messages.ts";
import type { AgeCounts, VersionName } from "../../proxy/messages/messages.ts";
import { kindOf } from "../config/listened-services.ts";
import { isConnectable } from "../config/version-endpoints.ts";
import type { OpenTotals } from "../migrations/open-totals.ts";
import type { MigrationView } from "../migrations/version-migration.ts";
import { eachVersion, effectiveByVersion, sharesOf } from "../table/serving.ts";
import type { ShownService } from "../table/shown-service.ts";
import type { WorkerTotals } from "./worker-totals.ts";

type AgeClass = (typeof AGE_CLASSES)[number];

/** A version's or endpoint's state, as in proxy/table/snapshot.ts. */
export const stateSchema = z.enum(["ready", "drain", "maint"]);

/** A number for each version. */
export const byVersion = z.record(z.string(), z.number());

const endpointView = z.object({
  address: z.string().describe("A name while it resolves to no address"),
  name: z.string().optional().describe("The entry whose name resolves to this address"),
  weight: z.int(),
  state: stateSchema,
  healthy: z.boolean().describe("According to active checks, the registry and DNS"),
  reason: z.string().optional().describe("Why it is unhealthy; absent if only the registry knows"),
  panic: z
    .boolean()
    .describe("Whether it is used although it is unhealthy, as too few of its version are usable"),
  ejectedBy: z.int().describe("How many workers have ejected it because of its failures"),
  ejectedForMs: z.number().describe("Time until the last of them takes it back; 0: not ejected"),
  inFlight: z.int().describe("Requests under way"),
  idleConnections: z.int(),
});

/** Counts by AGE_CLASSES. */
const byAge = z.object(
  Object.fromEntries(AGE_CLASSES.map((age) => [age, z.int()])) as Record<AgeClass, z.ZodInt>,
);

/** Where the migration of a version stands: see MigrationView. */
export const migrationSchema = z.object({
  state: z
    .enum(["running", "stopped"])
    .describe("stopped: it has stopped by itself until somebody resumes it"),
  reason: z.string().optional().describe("Why it stopped"),
  left: z.object({ tunnel: z.int(), exchange: z.int() }),
  closed: z.int().describe("Connections that the migration has ended so far"),
  timeLeftMs: z.int().optional().describe("Absent while the migration is stopped"),
});

const compatView = z.object({
  reads: z.array(z.int()),
  writes: z.int().optional(),
  requires: z.record(z.string(), z.string()),
});

const versionView = z.object({
  state: stateSchema,
  compat: compatView
    .optional()
    .describe("What it can live beside, by its document, else by Consul; absent: nobody says"),
  endpoints: z.array(endpointView),
  panicBy: z.int().describe("How many workers use all endpoints, as too few are usable; see panic"),
  exchangesOpen: z.int().describe("Requests under way"),
  limit: z.int().describe("How many of them limits let in at once now, over all workers"),
  waiting: z.int().describe("Requests that wait for their turn or for a connection"),
  tunnelsOpen: z.int().describe("Upgraded connections, and those of a service of kind tcp"),
  left: z
    .object({ tunnel: byAge, exchange: byAge })
    .optional()
    .describe("What is still under way in drain, in maint or at weight 0, by kind and age"),
  migration: migrationSchema.optional().describe("Absent if none is under way"),
});

const trialView = z.object({
  until: z.iso.datetime(),
  actor: z.string(),
  before: byVersion.describe("The weights that it goes back to"),
});

/** A shift that is taken back at a time. */
export type TrialView = z.infer<typeof trialView>;

/** One service of the table with what the workers see of it. */
export const serviceViewSchema = z.object({
  name: z.string(),
  kind: z.enum(["http", "tcp"]).describe("tcp: its connections are split as they are"),
  hosts: z.array(z.string()).describe("Empty with kind tcp: only listeners lead to it"),
  stable: z.string(),
  weights: byVersion.describe("As configured"),
  shares: byVersion.describe("weight / sum of weights, 0 to 1"),
  effectiveWeights: byVersion.describe("After states and health"),
  shed: z.int().describe("Requests that limits have had answered with 503 so far"),
  shadow: z
    .object({ compared: z.int(), different: z.int() })
    .optional()
    .describe("How answers differ from those to mirrored requests; absent: none was compared"),
  versions: z.record(z.string(), versionView),
  trial: trialView
    .optional()
    .describe("The shift in force is taken back unless somebody confirms it; absent: it stays"),
});

/** What GET returns for a service. */
export type ServiceView = z.infer<typeof serviceViewSchema>;

/** What is known of versions that traffic is leaving. */
export type Drains = {
  /** undefined: the workers did not answer in time. */
  readonly open: OpenTotals | undefined;
  readonly migrations: { view(name: VersionName): MigrationView | undefined };
};

/** A service for people to look at. */
export function serviceView(
  shown: ShownService,
  totals: WorkerTotals,
  drains: Drains,
): ServiceView {
  const service = shown.snapshot;
  return {
    name: service.name,
    kind: kindOf(service),
    hosts: [...service.hosts],
    stable: service.stable,
    weights: eachVersion(service, (version) => version.weight),
    shares: sharesOf(service),
    effectiveWeights: effectiveByVersion(service),
    shed: totals.shed(service.name),
    ...viewShadow(totals.shadow(service.name)),
    versions: eachVersion(service, (version) => ({
      ...viewVersion(shown, version, totals),
      ...viewDrain({ service: service.name, version: version.name }, version, drains),
    })),
  };
}

/** Whether a version gets no new sessions because somebody asked for that. */
export function isLeft({ state, weight }: VersionSnapshot): boolean {
  return state !== "ready" || weight === 0;
}

function viewVersion(
  { snapshot, details }: ShownService,
  version: VersionSnapshot,
  totals: WorkerTotals,
): z.infer<typeof versionView> {
  const { exchangesOpen, tunnelsOpen, panicBy } = totals.version(snapshot.name, version.name);
  const endpoints = version.endpoints.map((endpoint) => {
    const { address, weight, state, healthy } = endpoint;
    const seen = totals.endpoint(snapshot.name, version.name, address);
    const { name, reason } = details(version.name, address) ?? {};
    const panic = panicBy > seen.ejectedBy && isUsedInPanic(endpoint);
    return { address, name, weight, state, healthy, reason, panic, ...seen };
  });
  return {
    state: version.state,
    ...(version.compat && { compat: viewCompat(version.compat) }),
    panicBy,
    exchangesOpen,
    ...viewLimits(snapshot, version.name, totals),
    tunnelsOpen,
    endpoints,
  };
}

/** What latency lets in where it has a say, else what the service's limits do. */
function viewLimits(
  { name, limits }: ServiceSnapshot,
  version: string,
  totals: WorkerTotals,
): Pick<z.infer<typeof versionView>, "limit" | "waiting"> {
  const configured = limits.inFlight * Math.max(1, totals.workers);
  const { limit = configured, waiting } = totals.concurrency(name, version);
  return { limit, waiting: waiting + totals.flows.flow(name, version).pending };
}

function viewShadow(found: ShadowStats | undefined): Pick<ServiceView, "shadow"> {
  if (found === undefined) return {};
  const { compared, different } = found;
  return { shadow: { compared, different } };
}

/** Whether a panic uses it, and nothing else does: workers do not know names without addresses. */
function isUsedInPanic({ address, healthy, state, setAside }: EndpointSnapshot): boolean {
  return !healthy && state === "ready" && setAside === undefined && isConnectable({ address });
}

function viewCompat({ reads, writes, requires }: Compatibility): z.infer<typeof compatView> {
  return { reads: [...reads], ...(writes !== undefined && { writes }), requires };
}

function viewDrain(
  name: VersionName,
  version: VersionSnapshot,
  { open, migrations }: Drains,
): Pick<z.infer<typeof versionView>, "left" | "migration"> {
  const migration = migrations.view(name);
  const counts = open?.of(name);
  const left = { tunnel: viewAges(counts?.tunnel), exchange: viewAges(counts?.exchange) };
  return {
    ...(isLeft(version) && open !== undefined ? { left } : {}),
    ...(migration === undefined ? {} : { migration }),
  };
}

function viewAges(counts: AgeCounts | undefined): Record<AgeClass, number> {
  const ages = AGE_CLASSES.map((age, index) => [age, counts?.[index] ?? 0]);
  return Object.fromEntries(ages) as Record<AgeClass, number>;
}
