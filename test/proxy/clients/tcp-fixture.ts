import { onTestFinished } from "vitest";
import { ListeningSockets } from "../../../control/workers/listening-sockets.ts";
import type { ClientDeps } from "../../../proxy/clients/client-deps.ts";
import { Listener } from "../../../proxy/clients/listener.ts";
import type { ListenerSnapshot } from "../../../proxy/table/snapshot.ts";
import { manualWheel } from "../../support/manual-wheel.ts";
import type { ManualWheel } from "../../support/manual-wheel.ts";
import { RawSocket } from "../../support/raw-socket.ts";
import type { Fate, RawTarget } from "../../support/raw-socket.ts";
import { serveParts } from "../hand-over/hand-over-fixture.ts";

/** Endpoints by version; the first version is stable. */
export type Endpoints = Readonly<Record<string, readonly string[]>>;

/** A worker with a listener of TCP, for a service `web` of kind tcp. */
export class TcpBed {
  readonly deps: ClientDeps;
  readonly time: ManualWheel;
  readonly #target: RawTarget;

  /** `settings`: of the service, as in the configuration. `about`: of the listener. */
  static async start(
    endpoints: Endpoints,
    settings: object = {},
    about: Partial<ListenerSnapshot> = {},
  ): Promise<TcpBed> {
    const time = manualWheel();
    const versions = Object.fromEntries(
      Object.entries(endpoints).map(([name, all]) => [name, { weight: 1, endpoints: all }]),
    );
    const all = { kind: "tcp", via: undefined, versions, ...settings };
    const deps = serveParts("127.0.0.1:1", "sluice-test", time.wheel, all);
    const { bind = "127.0.0.1:0" } = about;
    const sockets = new ListeningSockets();
    onTestFinished(() => sockets.closeAll());
    const listener = new Listener(
      {
        bind,
        service: "web",
        trustedPeers: [],
        connectionsMax: 100,
        proxyProtocol: false,
        protocols: ["http/1.1" as const],
        tcp: { sni: undefined },
        ...about,
      },
      deps,
    );
    await listener.listen(await sockets.open(bind));
    onTestFinished(() => listener.close());
    const place = sockets.address(bind);
    const isUnix = place.startsWith("unix:");
    const port = Number(place.split(":").at(-1));
    return new TcpBed(deps, time, isUnix ? { path: place.slice("unix:".length) } : { port });
  }

  private constructor(deps: ClientDeps, time: ManualWheel, target: RawTarget) {
    this.deps = deps;
    this.time = time;
    this.#target = target;
  }

  get port(): number {
    return "port" in this.#target ? this.#target.port : 0;
  }

  /** A client, which has sent nothing. */
  async open(): Promise<RawSocket> {
    const client = await RawSocket.open(this.#target);
    onTestFinished(() => client.close());
    return client;
  }

  /** How a new client is ended that sends nothing. One may hear of it before it has connected. */
  async fate(): Promise<Fate> {
    try {
      return await (await this.open()).closed();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ECONNRESET") return "reset";
      throw error;
    }
  }

  /** What the worker has counted of a version. */
  counted(version: string): {
    readonly outcomes: readonly number[];
    readonly failures: Readonly<Record<string, number>>;
  } {
    const pool = this.deps.services.poolFor("web", version);
    const { outcomes } = pool.counters.stats("web", version, 0);
    return { outcomes, failures: pool.counters.tunnels.counts().failures };
  }
}
