import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import { IncompatibleError, NothingWouldServeError, problemText } from "../base/errors.ts";
import { incompatibilitiesOf } from "./compatibility.ts";
import type { Incompatibility } from "./compatibility.ts";
import type { DesiredTable } from "./desired-table.ts";
import { outagesOf } from "./outages.ts";
import type { Outage } from "./outages.ts";
import type { WriteContext } from "./table-sink.ts";
import { warningsOf } from "./warnings.ts";
import type { OpenAt, Warning } from "./warnings.ts";

/** What goes on at the services. */
export type Traffic = {
  /** Whether a service has had requests in the last minute, or has something open. */
  readonly isBusy: (service: string) => boolean;
  readonly open: OpenAt;
  /** How many workers there are. */
  readonly workers: number;
};

/** What is around the table: what a write may break. */
export interface Surroundings {
  /** Must not reject: whoever does not answer is left out. */
  traffic(): Promise<Traffic>;
  /** Those that are open. */
  listeners(): readonly ListenerSnapshot[];
}

/** A change that is to be judged. */
export type Judged = {
  readonly before: DesiredTable;
  readonly after: DesiredTable;
  /** The services to warn of. */
  readonly names: readonly string[];
  /** The listeners that come with it. undefined: those that are open stay. */
  readonly listeners?: readonly ListenerSnapshot[] | undefined;
};

/** The verdict on a change. */
export type Verdict = {
  /** Services with traffic that would be left without anything that serves. */
  readonly outages: readonly Outage[];
  readonly incompatible: readonly Incompatibility[];
  /** All warnings, also of the outages. */
  readonly warnings: readonly Warning[];
};

/** Where nothing is known, nothing is under way. */
const NO_TRAFFIC: Traffic = {
  isBusy: () => false,
  open: { version: () => ({ exchangesOpen: 0, tunnelsOpen: 0 }) },
  workers: 1,
};

/** Thinks a change through before anybody acts on it. */
export class Guard {
  readonly #around: Surroundings | undefined;

  /** undefined: nothing is known of what is around the table, so nothing is an outage. */
  constructor(around: Surroundings | undefined) {
    this.#around = around;
  }

  /** What would come of a change. */
  async judge({ before, after, names, listeners }: Judged): Promise<Verdict> {
    const traffic = (await this.#around?.traffic()) ?? NO_TRAFFIC;
    const open = this.#around?.listeners() ?? [];
    const turn = { before, after, listenersBefore: open, listenersAfter: listeners ?? open };
    const outages = outagesOf(turn).filter(
      ({ service, isAlways }) => isAlways || traffic.isBusy(service),
    );
    const incompatible = incompatibilitiesOf(before.services, after.services);
    return {
      outages,
      incompatible,
      warnings: [
        ...outages.map(warningOfOutage),
        ...incompatible.map((each) => ({ code: "incompatible" as const, ...each })),
        ...names.flatMap((name) => warningsOfChange(name, before, after, traffic)),
      ],
    };
  }

  /**
   * The same for a write. A rollout was asked about what is incompatible when it began.
   * @throws NothingWouldServeError, IncompatibleError if it must be forced and is not
   */
  async admit(
    judged: Judged,
    { force = false, rollout }: Pick<WriteContext, "force" | "rollout">,
  ): Promise<readonly Warning[]> {
    const { outages, incompatible, warnings } = await this.judge(judged);
    if (force) return warnings;
    if (outages.length > 0) throw new NothingWouldServeError(outages.map(({ problem }) => problem));
    if (incompatible.length > 0 && rollout === undefined) {
      throw new IncompatibleError(incompatible.map(({ text }) => text));
    }
    return warnings;
  }
}

function warningsOfChange(
  name: string,
  before: DesiredTable,
  after: DesiredTable,
  { open, workers }: Traffic,
): readonly Warning[] {
  const now = after.services.get(name)?.snapshot;
  if (now === undefined) return [];
  return warningsOf({ before: before.services.get(name)?.snapshot, after: now, open, workers });
}

function warningOfOutage({ service, problem }: Outage): Warning {
  return { code: "nothing_would_serve", service, text: problemText(problem) };
}
