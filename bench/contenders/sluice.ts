import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Spawned } from "../system/spawned.ts";
import { WorkFolder } from "../system/work-folder.ts";
import { SERVER_NAME, tlsToEndpoints } from "../origin/certificate-files.ts";
import type { JobTls } from "../origin/certificate-files.ts";
import { ROUTE_PREFIX } from "../origin/answers.ts";
import { WEIGHTS, hostsOf, loadedHost, speaksHttp2ToEndpoints } from "./contender.ts";
import type { Contender, Job, RunningContender } from "./contender.ts";
import type { Cores } from "../system/cores.ts";

const PACKAGE = new URL("../../package.json", import.meta.url);
const SOURCE = fileURLToPath(new URL("../../control/cli/main.ts", import.meta.url));
const BUILT = fileURLToPath(new URL("../../dist/control/cli/main.js", import.meta.url));

/** Sluice as it is shipped, with nothing switched off: primary and worker share the core. */
export const sluice: Contender = {
  name: "sluice",
  how: "dist/, defaults: weighted split, metrics, timeouts, retries, forwarded fields",
  abilities: new Set([
    "http",
    "split",
    "affinity",
    "services",
    "tunnel",
    "tls",
    "tcp",
    "access-log",
    "rollout",
    "traces",
    "workers",
    "h2",
    "grpc",
    "h2-both",
  ]),
  getIt: "npm run build",
  version: () => (existsSync(BUILT) ? packageVersion() : Promise.resolve(undefined)),
  start: async (job, cores) => {
    const running = await startSluice(sluiceConfig(job), cores, { file: BUILT });
    if (job.rollout === true) await beginRollout(running.api, loadedHost(job.services));
    return running;
  },
};

/**
 * Sluice without what a scenario is about: what that costs is only seen in turns, as the machine
 * has another pace from one minute to the next.
 */
export const sluicePlain: Contender = {
  ...sluice,
  name: "sluice-plain",
  how: "the same with one service and one worker, no access log, no rollout and no traces",
  abilities: new Set(["services", "access-log", "rollout", "traces", "workers"]),
  ownJob: ({ endpoints, affinity, routes, routesBy }) => {
    return { endpoints, affinity, routes, routesBy, services: 1 };
  },
};

/** How long a rollout may take to its first weight, and how often it is looked at. */
const FIRST_WEIGHT_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;

/** Brings a service to the weights of the others, and stays there until the process ends. */
async function beginRollout(api: string, service: string): Promise<void> {
  const steps = [{ setWeight: (100 * WEIGHTS.v2) / (WEIGHTS.v1 + WEIGHTS.v2) }, { pause: {} }];
  const init = { method: "POST", headers: { "content-type": "application/json" } };
  const body = JSON.stringify({ service, to: "v2", steps });
  const answer = await fetch(`${api}/v1/rollouts`, { ...init, body });
  if (!answer.ok) throw new Error(`The rollout was refused: ${await answer.text()}`);
  for (let waitedMs = 0; waitedMs < FIRST_WEIGHT_WITHIN_MS; waitedMs += LOOK_EVERY_MS) {
    const now = await fetch(`${api}/v1/rollouts/${service}`);
    const { phase, settled } = (await now.json()) as Record<string, unknown>;
    if (phase === "paused" && settled === true) return;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`The rollout of ${service} has not come to its weight`);
}

async function packageVersion(): Promise<string> {
  return (JSON.parse(await readFile(PACKAGE, "utf8")) as { version: string }).version;
}

/** The configuration for a job, as in `sluice.yaml`. */
export function sluiceConfig(job: Job): object {
  // A rollout begins without any weight of the second one.
  const { v1, v2 } = job.rollout === true ? { v1: 100, v2: 0 } : WEIGHTS;
  const versions = {
    v1: { weight: v1, endpoints: job.endpoints.v1 },
    v2: { weight: v2, endpoints: job.endpoints.v2 },
  };
  const routes = Array.from({ length: job.routes }, (_, index) => ({
    match:
      job.routesBy === "path"
        ? { path: `${ROUTE_PREFIX}${index + 1}` }
        : { cookies: { [`route-${index + 1}`]: "1" } },
    timeout: "20s",
  }));
  const affinity = job.affinity ? { affinity: { cookie: "sid", set: false } } : {};
  const services = hostsOf(job).map((host) => [
    host,
    {
      ...(job.tcp ? { kind: "tcp", limits: { tunnels: 16_000 } } : { hosts: [host] }),
      versions,
      ...affinity,
      ...(job.routes > 0 ? { routes } : {}),
      ...upstreamConfig(job),
    },
  ]);
  const to = job.tcp ? { tcp: loadedHost(job.services) } : {};
  return {
    // More than the default, for scenarios that hold 10 000 idle connections and use more beside
    // them.
    listeners: [{ bind: "127.0.0.1:0", connectionsMax: 16_000, ...to, ...listenerConfig(job.tls) }],
    control: { bind: "127.0.0.1:0" },
    drain: { acceptFor: "0" },
    workers: job.workers ?? 1,
    ...(job.accessLog === true ? { accessLog: { path: "access.log" } } : {}),
    ...tracingConfig(job),
    services: Object.fromEntries(services),
  };
}

/** An endpoint takes what a collector would, and answers with 200 to all below this path. */
function tracingConfig({ traceRatio, endpoints }: Job): object {
  if (traceRatio === undefined) return {};
  const endpoint = `http://${endpoints.v1[0] ?? ""}${ROUTE_PREFIX}spans`;
  return { tracing: { endpoint, ratio: traceRatio } };
}

function listenerConfig(tls: JobTls | undefined): object {
  if (tls === undefined || tls.client === "clear") return {};
  const { cert, key } = tls.files.server;
  return { tls: { certificates: [{ cert, key }] } };
}

function upstreamConfig(job: Job): object {
  const protocol = speaksHttp2ToEndpoints(job) ? { protocol: "h2" } : {};
  const upstream = tlsToEndpoints(job.tls);
  if (upstream === undefined) return speaksHttp2ToEndpoints(job) ? { upstream: protocol } : {};
  const { root, own } = upstream;
  const pair = own ? { cert: own.cert, key: own.key } : {};
  return { upstream: { ...protocol, tls: { ca: root, serverName: SERVER_NAME, ...pair } } };
}

/** How Sluice is started. */
type Start = {
  /** The program's entry; by default its source. */
  readonly file?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** Starts the program with this configuration. */
export async function startSluice(
  config: object,
  cores: Cores,
  { file: cli = SOURCE, env = {} }: Start = {},
): Promise<RunningContender & { readonly api: string }> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await WorkFolder.make());
  const path = await folder.write("sluice.json", JSON.stringify(config));
  const file = process.execPath;
  const args = [cli, "run", "-c", path];
  const program = stack.use(new Spawned({ file, arguments: args, cores: cores.contender, env }));
  try {
    const addresses = new Map<string, string>();
    await program.firstLine((line) => {
      const entry = JSON.parse(line) as { readonly event: string; readonly address?: string };
      if (entry.address !== undefined) addresses.set(entry.event, entry.address);
      return entry.event === "sidecar.ready" ? true : undefined;
    });
    const port = Number(addresses.get("listener.open")?.split(":").at(-1));
    const api = addresses.get("api.open") ?? "";
    const dispose = (): Promise<void> => stack.disposeAsync();
    return { host: "127.0.0.1", port, pid: program.pid, api, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
