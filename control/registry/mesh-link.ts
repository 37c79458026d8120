import type { ConsulDiscovery } from "./consul-discovery.ts";
import { Connect } from "./connect.ts";
import type { MeshSink } from "./connect.ts";
import type { FollowedPathDeps } from "./followed-path.ts";

/** A sidecar's place in Consul's mesh, from its configuration to its end. */
export class MeshLink {
  readonly #service: string;
  #sink: MeshSink | undefined;
  #connect: Connect | undefined;

  /** `service`: who we are there. */
  constructor(service: string) {
    this.#service = service;
  }

  /** Sets who acts on what Consul says about the mesh, from start() on. */
  join(sink: MeshSink): void {
    this.#sink = sink;
  }

  start(deps: FollowedPathDeps, discovery: Pick<ConsulDiscovery, "trust">): void {
    if (this.#sink === undefined) return;
    this.#connect = new Connect(deps, this.#service, this.#sink);
    this.#connect.onTrustDomain = (domain) => discovery.trust(domain);
  }

  /** See Connect. */
  async whenTried(): Promise<void> {
    await this.#connect?.whenTried();
  }

  /** What may be out of date or does not work, in words. Empty: nothing. */
  get problems(): readonly string[] {
    return this.#connect?.problems ?? [];
  }

  async close(): Promise<void> {
    await this.#connect?.close();
  }
}
