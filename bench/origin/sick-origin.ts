import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { HEALTH_PATH } from "../resilience/sickness.ts";
import type { Sickness } from "../resilience/sickness.ts";

/** How long an answer takes of an endpoint that is well, and of one that is 20 times slower. */
const WELL_MS = 5;
const SLOW_MS = 20 * WELL_MS;

/** One request at a time for so long: 100 a second. */
const SLOT_MS = 10;

/** Restarts: the first one after so long, one after the other, each down for a while. */
const RESTART = { firstMs: 4_000, everyMs: 900, downMs: 500 };

/** Work that goes on one request at a time, in the order in which they have come. */
class Slot {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` once all that came before it is done. */
  run(work: () => Promise<unknown>): void {
    this.#last = this.#last.then(work, work);
  }
}

/** One endpoint that suffers from something. */
class SickEndpoint {
  readonly #sickness: Sickness;
  readonly #slot = new Slot();
  readonly server: Server;
  #asked = 0;

  constructor(sickness: Sickness) {
    this.#sickness = sickness;
    this.server = createServer((request, response) => this.#answer(request, response));
    this.server.keepAliveTimeout = 60_000;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.#sickness === "sync" || this.#sickness === "slot")
      return this.#inTurn(request, response);
    request.resume();
    if (this.#sickness === "hangs") return;
    if (request.url === HEALTH_PATH) return send(response, 200);
    this.#asked += 1;
    if (this.#sickness === "fails") return send(response, 500);
    if (this.#sickness === "every third" && this.#asked % 3 === 0) return send(response, 500);
    setTimeout(() => send(response, 200), this.#sickness === "slow" ? SLOW_MS : WELL_MS);
  }

  /** As a synchronous worker: from the head of a request to its end nobody else gets anything. */
  #inTurn(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === HEALTH_PATH) return send(response, 200);
    const isSync = this.#sickness === "sync";
    this.#slot.run(async () => {
      if (request.destroyed || response.destroyed) return;
      request.resume();
      if (!request.complete) await Promise.race([once(request, "end"), once(request, "close")]);
      await new Promise((resolve) => setTimeout(resolve, isSync ? WELL_MS : SLOT_MS));
      send(response, 200);
    });
  }
}

function send(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 2 }).end("ok");
}

/** Takes an endpoint down for a while and brings it back at the same port. */
function restart({ server }: SickEndpoint, port: number): void {
  server.close();
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), 50);
  setTimeout(() => server.listen(port, "127.0.0.1"), RESTART.downMs);
}

const sicknesses = JSON.parse(process.argv[2] ?? "") as readonly Sickness[];
const ports: number[] = [];
for (const [at, sickness] of sicknesses.entries()) {
  const endpoint = new SickEndpoint(sickness);
  endpoint.server.listen(0, "127.0.0.1", 1024);
  await once(endpoint.server, "listening");
  const { port } = endpoint.server.address() as AddressInfo;
  ports.push(port);
  if (sickness !== "restarts") continue;
  setTimeout(() => restart(endpoint, port), RESTART.firstMs + at * RESTART.everyMs);
}
console.log(JSON.stringify(ports));
