import { once } from "node:events";
import { Agent, request } from "node:http";
import { WebSocket } from "ws";
import { startSidecar } from "../../support/sidecar.ts";
import type { TestSidecar } from "../../support/sidecar.ts";
import { VersionOrigin } from "../../support/version-origin.ts";

/** A sidecar with services to look at, and a light load on two of them. */
export type PageStage = AsyncDisposable & {
  readonly sidecar: TestSidecar;
  /** Of the page. */
  readonly url: string;
  /** By version of `shop`. */
  readonly origins: Readonly<Record<"v1" | "v2", VersionOrigin>>;
};

/** Where nobody listens. */
const NOBODY = "127.0.0.2:9";

/** How the load is: that of a machine that has other things to do. */
const LOAD_INTERVAL_MS = 25;
const TUNNELS = 12;

/** Starts one. `control`: more of the configuration's control section. */
export async function startPageStage(control: object = {}): Promise<PageStage> {
  const origins = { v1: await VersionOrigin.start("v1"), v2: await VersionOrigin.start("v2") };
  const { v1, v2 } = origins;
  const sidecar = await startSidecar({
    listeners: [{ bind: "127.0.0.1:0" }],
    control: { bind: "127.0.0.1:0", ...control },
    services: {
      shop: {
        hosts: ["shop.test"],
        affinity: { header: "x-user" },
        // So slow that a migration can be seen, and stopped.
        drain: { connectionsPerSecond: 1 },
        versions: {
          v1: { weight: 90, endpoints: [v1.address] },
          v2: { weight: 10, endpoints: [v2.address] },
        },
      },
      cart: {
        hosts: ["cart.test"],
        slowStart: "30s",
        versions: {
          v7: { weight: 100, endpoints: [v1.address] },
          v8: { weight: 0, endpoints: [v2.address] },
        },
      },
      payments: {
        hosts: ["pay.test"],
        healthCheck: { kind: "tcp", interval: "1s", fall: 1 },
        versions: {
          blue: { weight: 50, endpoints: [v1.address, NOBODY] },
          green: { weight: 50, endpoints: [NOBODY] },
        },
      },
      search: { hosts: ["search.test"], versions: { v3: { endpoints: [v1.address] } } },
    },
  });
  const [port = 0] = sidecar.ports;
  const load = new ShopLoad(port);
  await load.openTunnels();
  return {
    sidecar,
    url: `${sidecar.api}/ui/`,
    origins,
    async [Symbol.asyncDispose]() {
      load.end();
      await sidecar.stop();
      for (const origin of Object.values(origins)) origin[Symbol.dispose]();
    },
  };
}

/** Requests of many users, one after the other, and tunnels that stay. */
class ShopLoad {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #timer: NodeJS.Timeout;
  readonly #tunnels: WebSocket[] = [];
  #sent = 0;

  constructor(port: number) {
    this.#port = port;
    this.#timer = setInterval(() => this.#send(), LOAD_INTERVAL_MS);
  }

  async openTunnels(): Promise<void> {
    for (let user = 0; user < TUNNELS; user += 1) {
      const headers = { host: "shop.test", "x-user": `tunnel-${user}` };
      const tunnel = new WebSocket(`ws://127.0.0.1:${this.#port}/`, { headers });
      tunnel.on("error", () => undefined);
      await once(tunnel, "open");
      this.#tunnels.push(tunnel);
    }
  }

  end(): void {
    clearInterval(this.#timer);
    for (const tunnel of this.#tunnels) tunnel.terminate();
    this.#agent.destroy();
  }

  #send(): void {
    this.#sent += 1;
    const host = this.#sent % 4 === 0 ? "cart.test" : "shop.test";
    const headers = { host, "x-user": `user-${this.#sent % 997}` };
    const asked = request({ host: "127.0.0.1", port: this.#port, agent: this.#agent, headers });
    asked.on("response", (answer) => answer.resume());
    asked.on("error", () => undefined).end();
  }
}
