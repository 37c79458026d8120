import { rm } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import type { Log } from "../../proxy/base/log.ts";
import { controlSocket } from "../config/control-schema.ts";
import type { ControlConfig } from "../config/control-schema.ts";
import type { ListeningSockets } from "../workers/listening-sockets.ts";

/** What the API needs to listen. */
export type ListenApiDeps = {
  readonly sockets: Pick<ListeningSockets, "open" | "openFile" | "address">;
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
  control: ControlConfig,
): Promise<string> {
  const { bind, auth } = control;
  // It has its own name: with port 0 a listener may have the same bind, but must not get this
  // socket.
  const name = `control ${bind}`;
  const file = controlSocket(control);
  const socket = await (file ? sockets.openFile(file, name) : sockets.open(bind, name));
  await api.ready();
  await new Promise<void>((resolve, reject) => {
    api.server.once("error", reject);
    api.server.listen(socket, resolve);
  });
  const address = file ? bind : `http://${sockets.address(name)}`;
  log.info("api.open", { address });
  // Who may connect to a Unix socket, its file says.
  if (auth === undefined && file === undefined) log.warn("api.no-auth", { address });
  return address;
}

/** Removes the file of the API's socket, if it has one, once nobody listens there any more. */
export async function removeApiFile(control: ControlConfig): Promise<void> {
  const file = controlSocket(control);
  // Whoever cannot leaves it to the next start, which takes the place of such a file.
  if (file !== undefined) await rm(file.path, { force: true }).catch(() => undefined);
}
