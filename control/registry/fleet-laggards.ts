import { pause } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Random } from "../../proxy/base/random.ts";
import { listed } from "../base/listed.ts";
import type { FleetMember, SidecarFleet } from "./sidecar-fleet.ts";

/**
 * How often the list of the fleet is read. A healthy sidecar follows within a second, so one that
 * is behind at two readings in a row has a problem. 200 sidecars together read 7 times a second.
 */
const LOOK_EVERY_MS = 30_000;

/** What finding laggards takes. */
export type FleetLaggardsDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Finds sidecars that are alive but do not follow the table. */
export class FleetLaggards {
  readonly #deps: FleetLaggardsDeps;
  readonly #fleet: Pick<SidecarFleet, "members">;
  readonly #sidecar: string;
  /** The revision in force here at the last reading; all should have it by now. 0: not known. */
  #revision = 0;
  /** The names of those who were behind at the last reading. */
  #behind: ReadonlySet<string> = new Set();
  #problem: string | undefined;

  /** `sidecar`: the name of this one in the fleet. */
  constructor(deps: FleetLaggardsDeps, fleet: Pick<SidecarFleet, "members">, sidecar: string) {
    this.#deps = deps;
    this.#fleet = fleet;
    this.#sidecar = sidecar;
  }

  /** Who lags, in words. undefined: nobody does, or Consul does not answer. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Reads the list until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    while (!signal.aborted) {
      await pause(clock, LOOK_EVERY_MS * (0.9 + 0.1 * random.next()), signal);
      if (signal.aborted) return;
      const members = await this.#fleet.members().catch(() => undefined);
      if (members === undefined) this.#forget();
      else this.#note(members);
    }
  }

  /** Consul does not answer, which is reported elsewhere, so it is not known who lags. */
  #forget(): void {
    this.#behind = new Set();
    this.#problem = undefined;
  }

  #note(members: readonly FleetMember[]): void {
    const revision = this.#revision;
    const behind = members.filter((member) => member.revision < revision);
    const lagging = behind.filter(({ sidecar }) => this.#behind.has(sidecar));
    this.#behind = new Set(behind.map(({ sidecar }) => sidecar));
    this.#revision = members.find(({ sidecar }) => sidecar === this.#sidecar)?.revision ?? 0;
    this.#tell(lagging.length === 0 ? undefined : problemOf(lagging, revision));
  }

  #tell(problem: string | undefined): void {
    const { log } = this.#deps;
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem === undefined) log.info("fleet.in_step");
    else log.warn("fleet.lags", { problem });
  }
}

function problemOf(lagging: readonly FleetMember[], revision: number): string {
  const names = lagging.map((each) => `${each.sidecar} acts on revision ${each.revision}`);
  return `fleet: ${listed(names)}; here it is ${revision}`;
}
