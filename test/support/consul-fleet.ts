import { join } from "node:path";
import { expect } from "vitest";
import type { TestAgent } from "./consul.ts";
import { eventually } from "./eventually.ts";
import { LiveLoad } from "./live-load.ts";
import { startSidecar } from "./sidecar.ts";
import type { TestSidecar } from "./sidecar.ts";
import { VersionOrigin } from "./version-origin.ts";

/** How long a fleet may take to get back in step: the longest pause between two tries is 5 s. */
const IN_STEP_MS = 30_000;
/** Answers that each sidecar must give before a test goes on. */
const SOME = 50;

/** How a sidecar of a fleet differs from the others. */
export type SidecarOptions = {
  /** The agent that it talks to. Default: the fleet's. */
  readonly agent?: TestAgent;
  /** Further keys of `consul:`. */
  readonly consul?: object;
  /** Further keys of the whole configuration. */
  readonly more?: object;
};

/**
 * Whole sidecars (processes of their own) that share a table in Consul's KV and find both versions
 * of `web` through it, under load from every kind of connection but tunnels.
 */
export class ConsulFleet implements AsyncDisposable {
  readonly agent: TestAgent;
  /** v1 and v2. */
  readonly origins: readonly VersionOrigin[];
  /** Another instance of v2, which is not registered. */
  readonly spare: VersionOrigin;
  readonly sidecars: TestSidecar[] = [];
  readonly #folder: string;
  readonly #loads: LiveLoad[] = [];

  /** Starts both versions and registers them. `folder` keeps the copies. */
  static async start(agent: TestAgent, folder: string): Promise<ConsulFleet> {
    const origins = await Promise.all(["v1", "v2"].map((name) => VersionOrigin.start(name)));
    const spare = await VersionOrigin.start("v2");
    const fleet = new ConsulFleet(agent, folder, { origins, spare });
    await fleet.registerAll();
    return fleet;
  }

  private constructor(
    agent: TestAgent,
    folder: string,
    { origins, spare }: Pick<ConsulFleet, "origins" | "spare">,
  ) {
    this.agent = agent;
    this.#folder = folder;
    this.origins = origins;
    this.spare = spare;
  }

  /** Configuration of the sidecar `name`. */
  configOf(name: string, options: SidecarOptions = {}): object {
    const { agent = this.agent, consul, more } = options;
    const versionOf = (version: string): object => ({
      weight: 50,
      consul: { service: "web", version },
    });
    return {
      store: { kind: "consul", prefix: "sluice" },
      consul: {
        address: agent.address,
        sidecar: name,
        copies: join(this.#folder, "copies"),
        ...consul,
      },
      // Longer than any outage: if an idle connection is closed, there was a reason for it.
      services: {
        web: { idleTimeout: "10m", versions: { v1: versionOf("v1"), v2: versionOf("v2") } },
      },
      ...more,
    };
  }

  async add(name: string, options?: SidecarOptions): Promise<TestSidecar> {
    const sidecar = await startSidecar(this.configOf(name, options));
    this.sidecars.push(sidecar);
    return sidecar;
  }

  /** Ends a sidecar that has no load, by SIGTERM. */
  async end(sidecar: TestSidecar): Promise<void> {
    this.sidecars.splice(this.sidecars.indexOf(sidecar), 1);
    sidecar.child.kill("SIGTERM");
    expect(await sidecar.ended).toBe(0);
    await sidecar.stop();
  }

  /** Starts sending requests through a sidecar. */
  async load(sidecar: TestSidecar): Promise<LiveLoad> {
    const load = await LiveLoad.start({
      port: sidecar.ports[0] ?? 0,
      host: "web",
      busy: 4,
      pauseMs: 4,
      churnPerSecond: 20,
      idle: 4,
      webSockets: 0,
      messageEveryMs: 1_000,
    });
    this.#loads.push(load);
    return load;
  }

  /** Sidecars `a` and `b` under load. */
  async pair(options?: SidecarOptions): Promise<readonly [TestSidecar, TestSidecar]> {
    const a = await this.add("a", options);
    const b = await this.add("b", options);
    for (const sidecar of [a, b]) await (await this.load(sidecar)).more(SOME);
    return [a, b];
  }

  /** Tells Consul of both versions, as they would themselves. */
  async registerAll(): Promise<void> {
    for (const { name, address } of this.origins) await this.register(name, address);
  }

  /** Registers an instance of `web`; `more` overrides what it says. */
  async register(version: string, address: string, more: object = {}): Promise<void> {
    const [Address, port] = address.split(":");
    await this.agent.put("agent/service/register", {
      ID: `web-${version}`,
      Name: "web",
      Address,
      Port: Number(port),
      Meta: { version },
      ...more,
    });
  }

  /** A shift through the n-th sidecar. Resolves with the status and the body. */
  async shift(
    index: number,
    v1: number,
    query = "",
  ): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    const path = `/v1/services/web/weights${query}`;
    const answer = (await this.sidecars[index]?.call("PATCH", path, {
      v1,
      v2: 100 - v1,
    })) as Response;
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  /** What all sidecars have in force: revision and weight of v1. */
  async view(): Promise<readonly string[]> {
    return Promise.all(
      this.sidecars.map(async (sidecar) => {
        const answer = await sidecar.call("GET", "/v1/services/web");
        const { revision, weights } = (await answer.json()) as {
          readonly revision: number;
          readonly weights: Readonly<Record<string, number>>;
        };
        return `${revision}: ${weights["v1"]}`;
      }),
    );
  }

  /** What a sidecar's readyz says: `200`, or `200 stale: …`. */
  async readiness(index: number): Promise<string> {
    const answer = (await this.sidecars[index]?.call("GET", "/readyz")) as Response;
    const { stale } = (await answer.json()) as { readonly stale: readonly string[] };
    return [answer.status, ...stale].join("; ");
  }

  /** All is well again: a shift through each sidecar is in force in all; nothing is stale. */
  async inStep(): Promise<void> {
    for (const [index] of this.sidecars.entries()) {
      const v1 = 20 + 10 * index;
      await eventually(async () => {
        const { status, body } = await this.shift(index, v1, "?wait=fleet");
        expect([status, body["detail"]]).toEqual([200, undefined]);
        const revision = String(body["revision"]);
        expect(await this.view()).toEqual(this.sidecars.map(() => `${revision}: ${v1}`));
      }, IN_STEP_MS);
    }
    await eventually(async () => {
      const all = await Promise.all(this.sidecars.map((_, index) => this.readiness(index)));
      expect(all).toEqual(this.sidecars.map(() => "200"));
    }, IN_STEP_MS);
  }

  /** Every sidecar has heard from Consul which endpoints there are, if only that there are none. */
  async heard(): Promise<void> {
    await eventually(async () => {
      const all = await Promise.all(this.sidecars.map((_, index) => this.readiness(index)));
      expect(all.join("; ")).not.toContain("endpoints");
    }, IN_STEP_MS);
  }

  /** Waits until each sidecar has answered some more requests. */
  async traffic(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.more(SOME)));
  }

  /** Ends the load: no request failed in all that time, and no idle connection was closed. */
  async expectNoFailure(): Promise<void> {
    for (const load of this.#loads.splice(0)) {
      const { answered, failures, idleClosed } = await load.finish();
      expect({ failures, idleClosed }).toEqual({ failures: {}, idleClosed: 0 });
      expect(answered).toBeGreaterThan(SOME);
      process.stdout.write(`${expect.getState().currentTestName}: ${answered} answers, 0 failed\n`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#loads.map((load) => load[Symbol.asyncDispose]()));
    await Promise.all(this.sidecars.map((sidecar) => sidecar.stop()));
    for (const origin of [...this.origins, this.spare]) origin[Symbol.dispose]();
  }
}
