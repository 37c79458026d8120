import type { FastifyInstance } from "fastify";
import type { Log } from "../../proxy/base/log.ts";
import type { Config } from "../config/config-schema.ts";
import type { ListeningSockets } from "../workers/listening-sockets.ts";

/** What the API needs to listen. */
export type ListenApiDeps = {
  readonly sockets: Pick<ListeningSockets, "open" | "address">;
  readonly log: Log;
};

/**
 * Has the API listen, and tells where. Resolves with its URL, or with the address of its Unix
 * socket.
 * @throws ListenError
 */
export async function listenApi(
  api: FastifyInstance,
  { sockets, log }: ListenApiDeps,
  { bind, auth }: Pick<Config["control"], "bind" | "auth">,
): Promise<string> {
  // It has its own name: with port 0 a listener may have the same bind, but must not get this
  // socket.
  const name = `control ${bind}`;
  const socket = await sockets.open(bind, name);
  await api.ready();
  await new Promise<void>((resolve, reject) => {
    api.server.once("error", reject);
    api.server.listen(socket, resolve);
  });
  const isUnix = bind.startsWith("unix:");
  const address = isUnix ? bind : `http://${sockets.address(name)}`;
  log.info("api.open", { address });
  // Who may connect to a Unix socket, its file says.
  if (auth === undefined && !isUnix) log.warn("api.no-auth", { address });
  return address;
}
