import { expect } from "vitest";
import type { ServiceView } from "../../control/views/service-view.ts";
import { EventLog } from "./event-log.ts";
import type { ReceivedEvent } from "./event-log.ts";
import { inTurns, NumberedClient } from "./numbered-tunnels.ts";
import { startSidecar } from "./sidecar.ts";
import type { TestSidecar } from "./sidecar.ts";

/** A sidecar for tests of versions that lose their traffic: each test has its own service `web`. */
export class MigrationBed implements AsyncDisposable {
  readonly sidecar: TestSidecar;
  readonly port: number;
  readonly #log: EventLog;
  readonly #cleanUps: (() => unknown)[] = [];
  /** The path of the current test's service. */
  #service = "";
  #services = 0;

  /** `config`: as in sluice.yaml. */
  static async start(config: object = {}): Promise<MigrationBed> {
    const sidecar = await startSidecar(config);
    return new MigrationBed(sidecar, await EventLog.open(sidecar));
  }

  private constructor(sidecar: TestSidecar, log: EventLog) {
    this.sidecar = sidecar;
    this.port = sidecar.ports[0] ?? 0;
    this.#log = log;
  }

  /** To be done after the test, the last one first. */
  defer(cleanUp: () => unknown): void {
    this.#cleanUps.push(cleanUp);
  }

  /** Ends an origin after the test. */
  owned<Origin extends Disposable>(origin: Origin): Origin {
    this.defer(() => origin[Symbol.dispose]());
    return origin;
  }

  /** Adds a service for the host `web`. */
  async add(versions: object, more: object = {}): Promise<void> {
    this.#services += 1;
    this.#service = `web-${this.#services}`;
    const path = this.#path();
    const document = { hosts: ["web"], versions, ...more };
    expect((await this.sidecar.call("PUT", path, document)).status).toBe(201);
    this.defer(() => this.sidecar.call("DELETE", `${path}?force=true`));
  }

  /** Adds a service of two versions: v1 has all the weight, v2 none. */
  addTwo(v1: string, v2: string, more: object = {}): Promise<void> {
    return this.add(
      { v1: { weight: 1, endpoints: [v1] }, v2: { weight: 0, endpoints: [v2] } },
      more,
    );
  }

  /** Opens WebSockets to the service, each of which has its name for a path. */
  async open(...names: readonly string[]): Promise<NumberedClient[]> {
    const clients = await inTurns(names.length, 10, (at) =>
      NumberedClient.open(this.port, names[at] ?? ""),
    );
    this.defer(() => clients.forEach((client) => client.close()));
    return clients;
  }

  /** Sets the state of a version, or of `v1/endpoints/ADDRESS`, even if then nothing serves. */
  async setState(path: string, state: string): Promise<void> {
    const below = `/versions/${path}/state?force=true`;
    const response = await this.sidecar.call("PUT", this.#path(below), { state });
    expect(response.status).toBe(200);
  }

  async shift(weights: object): Promise<void> {
    const response = await this.sidecar.call("PATCH", this.#path("/weights"), weights);
    expect(response.status).toBe(200);
  }

  /** A version as the API shows it. */
  async view(version: string): Promise<ServiceView["versions"][string]> {
    const response = await this.sidecar.call("GET", this.#path());
    const view = ((await response.json()) as ServiceView).versions[version];
    if (view === undefined) throw new Error(`There is no version ${version}`);
    return view;
  }

  /** Resumes or stops the migration of v1. */
  act(action: string): Promise<Response> {
    return this.sidecar.call("POST", this.#path("/versions/v1/migration"), { action });
  }

  /** What the sidecar said about the test's service, in order. */
  told(kind: string): ReceivedEvent[] {
    return this.#log.of(kind).filter((event) => event["service"] === this.#service);
  }

  /** After each test: nothing of it is left. */
  async endTest(): Promise<void> {
    for (const cleanUp of this.#cleanUps.splice(0).toReversed()) await cleanUp();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#log.close();
    await this.sidecar.stop();
  }

  #path(below = ""): string {
    return `/v1/services/${this.#service}${below}`;
  }
}

/** Names of connections: the prefix with 0, 1 … */
export function namesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_each, at) => `${prefix}${at}`);
}
