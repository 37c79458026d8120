import type { FastifyInstance } from "fastify";
import { rm } from "node:fs/promises";
import type { Log } from "../../proxy/base/log.ts";
import type { Config } from "../config/config-schema.ts";
import { controlSocket } from "../config/control-schema.ts";
import type { ListeningSockets } from "../workers/listening-sockets.ts";

/** What answers people, scrapers and probes. */
export type ApiServers = {
  readonly api: FastifyInstance;
  /** What may only be looked at, at an address of its own. Absent: it has none. */
  readonly metrics?: FastifyInstance | undefined;
};

/** What they need to listen. */
export type ApiServersDeps = {
  readonly sockets: Pick<ListeningSockets, "open" | "openFile" | "address">;
  readonly log: Log;
};

type Binds = Pick<Config, "control" | "metrics">;

/**
 * Where a browser will find the page. undefined: nowhere, as the API listens at a Unix socket, or
 * nobody knows yet, as the system chooses the port.
 */
export function pageAddress({ bind, tls }: Config["control"]): string | undefined {
  if (bind.startsWith("unix:") || bind.endsWith(":0")) return undefined;
  return `${tls === undefined ? "http" : "https"}://${bind}/ui/`;
}

/**
 * Has the servers listen. Resolves with the URL of the API, or with the address of its Unix socket.
 * @throws ListenError
 */
export async function listenAll(
  { api, metrics }: ApiServers,
  deps: ApiServersDeps,
  config: Binds,
): Promise<string> {
  const address = await listenApi(api, deps, config);
  if (metrics === undefined || config.metrics?.bind === undefined) return address;
  const { sockets, log } = deps;
  const { bind } = config.metrics;
  const name = `metrics ${bind}`;
  await listen(metrics, await sockets.open(bind, name));
  log.info("metrics.open", { address: `http://${sockets.address(name)}` });
  return address;
}

/** Lets calls end, unless the signal says that there is no time left. */
export async function closeAll(servers: ApiServers, signal: AbortSignal): Promise<void> {
  const all = [servers.api, ...(servers.metrics === undefined ? [] : [servers.metrics])];
  const cut = (): void => all.forEach(({ server }) => server.closeAllConnections());
  for (const { server } of all) server.close();
  const closed = Promise.all(all.map((each) => each.close()));
  if (signal.aborted) cut();
  signal.addEventListener("abort", cut, { once: true });
  await closed;
}

/** Removes the file of the API's socket, if it has one, once nobody listens there any more. */
export async function removeApiFile({ control }: Binds): Promise<void> {
  const file = controlSocket(control);
  // Whoever cannot leaves it to the next start, which takes the place of such a file.
  if (file !== undefined) await rm(file.path, { force: true }).catch(() => undefined);
}

async function listenApi(
  api: FastifyInstance,
  { sockets, log }: ApiServersDeps,
  { control }: Binds,
): Promise<string> {
  const { bind, auth, tls } = control;
  // It has its own name: with port 0 a listener may have the same bind, but must not get this
  // socket.
  const name = `control ${bind}`;
  const file = controlSocket(control);
  const socket = await (file ? sockets.openFile(file, name) : sockets.open(bind, name));
  await listen(api, socket);
  const scheme = tls === undefined ? "http" : "https";
  const address = file ? bind : `${scheme}://${sockets.address(name)}`;
  // A browser opens no Unix socket.
  log.info("api.open", { address, page: file ? undefined : `${address}/ui/` });
  // Who may connect to a Unix socket, its file says.
  if (auth === undefined && file === undefined) log.warn("api.no-auth", { address });
  return address;
}

async function listen(app: FastifyInstance, socket: object): Promise<void> {
  await app.ready();
  await new Promise<void>((resolve, reject) => {
    app.server.once("error", reject);
    app.server.listen(socket, resolve);
  });
}
