import { expect } from "vitest";
import type { ServiceView } from "../../../control/views/service-view.ts";
import { eventually } from "../../support/eventually.ts";
import { RawOrigin } from "../../support/origin.ts";
import { RawSocket, exchangeRaw } from "../../support/raw-socket.ts";
import type { RawTarget } from "../../support/raw-socket.ts";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";

/** What every file ends with, so that a dead proxy does not look strict. */
const PLAIN_GET = "GET /alive HTTP/1.1\r\nHost: web\r\n\r\n";

/** A service document with one version at these endpoints. */
export function serviceAt(endpoints: readonly string[], more: object = {}): object {
  return { versions: { v1: { endpoints } }, ...more };
}

/** A sidecar with a service `web`, whose only endpoint is a scriptable origin, and maybe others. */
export class DataPlane implements AsyncDisposable {
  readonly sidecar: TestSidecar;
  readonly origin: RawOrigin;
  readonly #workers: readonly number[];
  readonly #clients: RawSocket[] = [];

  /** `web`: further keys of the service. `more`: further keys of the configuration. */
  static async start(
    web: object = {},
    more: { readonly services?: object; readonly [key: string]: unknown } = {},
  ): Promise<DataPlane> {
    const origin = await RawOrigin.start();
    const services = { web: serviceAt([origin.address], web), ...more.services };
    return new DataPlane(await startSidecar({ ...more, services }), origin);
  }

  private constructor(sidecar: TestSidecar, origin: RawOrigin) {
    this.sidecar = sidecar;
    this.origin = origin;
    this.#workers = sidecar.workerPids();
  }

  /** The n-th listener. */
  target(listener = 0): RawTarget {
    return { port: this.sidecar.ports[listener] as number };
  }

  /** Opens a client connection, which endTest() closes. */
  async open(target: RawTarget = this.target()): Promise<RawSocket> {
    const client = await RawSocket.open(target);
    this.#clients.push(client);
    return client;
  }

  /** After each test: closes what it left open, and makes the origin as good as new. */
  async endTest(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    for (const { socket } of this.origin.connections) socket.destroy();
    await this.expectNothingOpen();
    this.origin.clear();
  }

  /** The services as the control API shows them. */
  async services(): Promise<readonly ServiceView[]> {
    const response = await this.sidecar.call("GET", "/v1/services");
    return ((await response.json()) as { services: ServiceView[] }).services;
  }

  /** How many messages were refused for this reason. */
  rejected(reason: string): Promise<number> {
    return this.#metric("sluice_rejected_total", `reason="${reason}"`);
  }

  /** How many attempts at `web` ended like this. */
  attempts(outcome: string): Promise<number> {
    return this.#metric("sluice_attempts_total", `service="web",version="v1",outcome="${outcome}"`);
  }

  /** Client connections that are open and are not tunnels. */
  connectionsOpen(): Promise<number> {
    return this.#metric("sluice_connections", 'kind="h1"');
  }

  /** Open tunnels of all services. */
  tunnelsOpen(): Promise<number> {
    return this.#metric("sluice_connections", 'kind="tunnel"');
  }

  /** Exchanges under way at the first version of a service, according to its counts. */
  async exchangesOpen(service: string): Promise<number> {
    return (await this.#firstVersion(service)).exchangesOpen;
  }

  /** Exchanges under way at the first endpoint of a service, according to the endpoint's counts. */
  async inFlight(service: string): Promise<number> {
    return (await this.#firstVersion(service)).endpoints[0]?.inFlight ?? 0;
  }

  /** Waits until all counts of what is under way are 0 and no connection leads to the origin. */
  async expectNothingOpen(): Promise<void> {
    await eventually(async () => {
      for (const { versions } of await this.services()) {
        for (const { exchangesOpen, tunnelsOpen, endpoints } of Object.values(versions)) {
          expect({ exchangesOpen, tunnelsOpen }).toEqual({ exchangesOpen: 0, tunnelsOpen: 0 });
          expect(endpoints.map(({ inFlight }) => inFlight)).toEqual(endpoints.map(() => 0));
        }
      }
    });
  }

  /** A plain GET is answered by the worker that was there at the start and has made no error. */
  async expectAlive(): Promise<void> {
    await this.expectNothingOpen();
    const { response } = await exchangeRaw(this.target(), PLAIN_GET);
    expect(response.statusLine).toBe("HTTP/1.1 200 OK");
    expect(response.body).toBe("ok");
    expect(this.sidecar.workerPids()).toEqual(this.#workers);
    const errors = this.sidecar.log.filter(({ level }) => level === "error");
    expect(errors).toEqual([]);
    await this.#expectNoLeak();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sidecar.stop();
    this.origin[Symbol.dispose]();
  }

  async #firstVersion(service: string): Promise<ServiceView["versions"][string]> {
    const found = (await this.services()).find(({ name }) => name === service);
    const version = Object.values(found?.versions ?? {})[0];
    if (version === undefined) throw new Error(`Cannot find a version of service ${service}`);
    return version;
  }

  /** The sum of the samples of a metric whose labels contain these. */
  async #metric(name: string, labels: string): Promise<number> {
    const text = await (await this.sidecar.call("GET", "/metrics")).text();
    const samples = text.split("\n").filter((line) => line.startsWith(`${name}{`));
    const found = samples.filter((line) => line.includes(labels));
    return found.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  /** Expects the origin to see just the connections that the pool keeps for the next request. */
  async #expectNoLeak(): Promise<void> {
    await eventually(async () => {
      const open = this.origin.connections.filter(({ fate }) => fate === "open").length;
      const web = (await this.services()).find(({ name }) => name === "web");
      const ends = web?.versions["v1"]?.endpoints ?? [];
      const kept = ends.find(({ address }) => address === this.origin.address)?.idleConnections;
      expect(open).toBe(kept);
    });
  }
}

/** A head of lines, with the empty line that ends it. */
export function head(...lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A response of an origin, with a Content-Length for its body. */
export function responseOf(status: string, body: string, ...fields: readonly string[]): string {
  return head(`HTTP/1.1 ${status}`, `Content-Length: ${body.length}`, ...fields) + body;
}
