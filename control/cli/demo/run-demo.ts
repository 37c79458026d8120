import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../../proxy/base/clock.ts";
import { ANYBODY } from "../api-access.ts";
import { readApiAddress } from "../api-address.ts";
import { CliError } from "../cli-error.ts";
import { ApiClient, servicePath } from "../client.ts";
import { Children } from "./children.ts";
import type { DemoPrograms } from "./children.ts";
import { startOverConsul } from "./consul-stage.ts";
import type { DemoConsul } from "./consul-stage.ts";
import { Load } from "./load.ts";
import { startInMesh } from "./mesh-stage.ts";
import type { Screen } from "./screen.ts";
import { startAlone } from "./stage.ts";
import type { Stage, StagePlace } from "./stage.ts";
import { faultOf, Tally } from "./tally.ts";
import { pause } from "../../../proxy/base/clock.ts";

/** v2's shares in %, one step each. */
const STEPS = [0, 10, 50, 100] as const;

/** How often the screen is told. */
const PROGRESS_MS = 250;

/** What a demo needs. */
export type DemoOptions = {
  /** Ends after the last step; otherwise it starts over until `signal` is aborted. */
  readonly once: boolean;
  /** How long a step lasts. */
  readonly stepMs: number;
  readonly clock: Clock;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  /** Two sidecars that share their table over Consul. undefined: one sidecar, no Consul. */
  readonly consul?: DemoConsul | undefined;
  /** Two services in the mesh of that Consul instead. Absent: no. */
  readonly mesh?: boolean | undefined;
  /** Absent: those beside what runs. */
  readonly programs?: DemoPrograms | undefined;
};

/**
 * Starts the shop in two versions, sidecars before them and a steady load, and moves the traffic.
 * Gives what went wrong; empty: nothing did. All processes have ended when it resolves.
 * @throws CliError when something does not start, ends early or refuses.
 */
export async function runDemo(options: DemoOptions): Promise<readonly string[]> {
  const children = new Children(options.clock, options.programs);
  const directory = await mkdtemp(join(tmpdir(), "sluice-demo-"));
  const stopLoad = new AbortController();
  let stage: Stage | undefined;
  try {
    const place = { children, directory, screen: options.screen };
    stage = await startStage(place, options);
    const between = new Tally(0);
    const loads = stage.entrances.map(({ sidecar, url }) => {
      return { sidecar, load: new Load(options.clock, url, between) };
    });
    const loadEnds = loads.map(({ load }) => load.run(stopLoad.signal));
    const client = new ApiClient(readApiAddress(stage.controlUrl), ANYBODY);
    const { shiftQuery } = stage;
    options.screen.watch(client, AbortSignal.any([options.signal, stopLoad.signal]));
    const deps = { children, loads, client, between, shiftQuery };
    const faults = await new Demo(options, deps).run();
    stopLoad.abort();
    await Promise.all(loadEnds);
    return between.errors === 0 ? faults : [...faults, between.firstError ?? "between the steps"];
  } finally {
    stopLoad.abort();
    await stage?.tidy();
    await children.stop();
    await rm(directory, { recursive: true });
  }
}

function startStage(
  place: StagePlace,
  { consul, mesh }: Pick<DemoOptions, "consul" | "mesh">,
): Promise<Stage> {
  if (consul === undefined) return startAlone(place);
  return mesh ? startInMesh(place, consul) : startOverConsul(place, consul);
}

type DemoDeps = {
  readonly children: Children;
  /** One a sidecar. */
  readonly loads: readonly { readonly sidecar: string | undefined; readonly load: Load }[];
  readonly client: ApiClient;
  readonly shiftQuery: string;
  /** Counts requests that are sent during a shift: either share is right for them. */
  readonly between: Tally;
};

class Demo {
  readonly #options: DemoOptions;
  readonly #deps: DemoDeps;
  readonly #faults: string[] = [];

  constructor(options: DemoOptions, deps: DemoDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  async run(): Promise<readonly string[]> {
    do {
      const tallies: Tally[] = [];
      for (const percent of STEPS) {
        if (this.#options.signal.aborted) break;
        await this.#step(percent, tallies);
      }
    } while (!this.#options.once && !this.#options.signal.aborted);
    return this.#faults;
  }

  async #step(percent: number, tallies: Tally[]): Promise<void> {
    const { screen, stepMs } = this.#options;
    // What was sent before must be answered before, or the new share might decide about it.
    await this.#settle();
    await this.#shift(percent);
    const step = this.#deps.loads.map(({ sidecar, load }) => {
      const tally = new Tally(percent / 100, sidecar);
      load.countFor(tally);
      return tally;
    });
    tallies.push(...step);
    await this.#watch(stepMs, tallies);
    await this.#settle();
    screen.progress(tallies);
    // A step that was interrupted is not judged: it has too few requests.
    if (this.#options.signal.aborted) return;
    for (const tally of step) {
      screen.finished(tally);
      const fault = faultOf(tally);
      const where = tally.sidecar === undefined ? "" : ` in ${tally.sidecar}`;
      if (fault !== undefined) this.#faults.push(`v2 at ${percent} %${where}: ${fault}`);
    }
  }

  /** Counts for no step until the next one begins. */
  async #settle(): Promise<void> {
    const { loads, between } = this.#deps;
    for (const { load } of loads) load.countFor(between);
    await Promise.all(loads.map(({ load }) => load.settled()));
  }

  async #shift(percent: number): Promise<void> {
    const { client, shiftQuery } = this.#deps;
    const { revision } = await client.get<{ readonly revision: number }>(servicePath("shop"));
    await client.send("PATCH", `${servicePath("shop", "weights")}${shiftQuery}`, {
      body: { v1: 100 - percent, v2: percent },
      ifRevision: revision,
      reason: `demo: v2 to ${percent} %`,
    });
  }

  async #watch(forMs: number, tallies: readonly Tally[]): Promise<void> {
    const { clock, screen, signal } = this.#options;
    const endMs = clock.nowMs() + forMs;
    while (clock.nowMs() < endMs && !signal.aborted) {
      screen.progress(tallies);
      await pause(clock, PROGRESS_MS, signal);
      const { lost } = this.#deps.children;
      // Ctrl-C may have ended a child before us, which is not a failure.
      if (lost !== undefined && !signal.aborted) throw new CliError("demo_lost", lost);
    }
  }
}
