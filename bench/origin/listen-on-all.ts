import { once } from "node:events";
import type { Server } from "node:net";
import type { Endpoints } from "./origin.ts";

/**
 * Opens a server at every endpoint that the command line lists as JSON, and prints `ready` once all
 * of them accept connections.
 */
export async function listenOnAll(makeServer: (version: string) => Server): Promise<void> {
  const endpoints = JSON.parse(process.argv[2] ?? "{}") as Endpoints;
  for (const [version, addresses] of Object.entries(endpoints)) {
    for (const address of addresses) {
      const [host, port] = address.split(":");
      const server = makeServer(version).listen(Number(port), host);
      await once(server, "listening");
    }
  }
  process.stdout.write("ready\n");
}
