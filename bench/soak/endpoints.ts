import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Endpoints } from "../origin/origin.ts";
import { freePort } from "../system/ports.ts";
import { Spawned } from "../system/spawned.ts";
import type { Failures } from "./failures.ts";

const ORIGIN = fileURLToPath(new URL("../origin/soak-origin.ts", import.meta.url));
/** Processes of each version: while one of them is down, the other has to cope. */
const PER_VERSION = 2;
/** How long an endpoint stays down. */
const DOWN_MS = 1_000;

type Endpoint = { readonly version: "v1" | "v2"; readonly address: string; process: Spawned };

/** The endpoints of both versions, each a process that can be killed and started again. */
export class SoakEndpoints implements AsyncDisposable {
  readonly #endpoints: Endpoint[] = [];
  readonly #cores: string;
  #turn = 0;

  private constructor(cores: string) {
    this.#cores = cores;
  }

  /** Starts all of them. */
  static async start(cores: string): Promise<SoakEndpoints> {
    const endpoints = new SoakEndpoints(cores);
    for (const version of ["v1", "v2"] as const) {
      for (let index = 0; index < PER_VERSION; index += 1) await endpoints.#add(version);
    }
    return endpoints;
  }

  get addresses(): Endpoints {
    const of = (wanted: string): readonly string[] =>
      this.#endpoints.filter(({ version }) => version === wanted).map(({ address }) => address);
    return { v1: of("v1"), v2: of("v2") };
  }

  /** Kills the next endpoint without warning, and starts it again at the same address. */
  async restartNext(failures: Failures): Promise<void> {
    const endpoint = this.#endpoints[this.#turn % this.#endpoints.length] as Endpoint;
    this.#turn += 1;
    const end = failures.beginOutage(performance.now());
    endpoint.process.kill();
    await endpoint.process[Symbol.asyncDispose]();
    await sleep(DOWN_MS);
    endpoint.process = await this.#run(endpoint.address);
    end(performance.now());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#endpoints.map(async ({ process }) => process[Symbol.asyncDispose]()));
  }

  async #add(version: "v1" | "v2"): Promise<void> {
    const address = `127.0.0.1:${await freePort()}`;
    this.#endpoints.push({ version, address, process: await this.#run(address) });
  }

  async #run(address: string): Promise<Spawned> {
    const args = [ORIGIN, JSON.stringify({ v1: [address], v2: [] })];
    const command = { file: process.execPath, arguments: args, cores: this.#cores };
    const program = new Spawned(command);
    await program.firstLine((line) => (line === "ready" ? true : undefined));
    return program;
  }
}
