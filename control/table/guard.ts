import type { ListenerSnapshot } from "../../proxy/table/snapshot.ts";
import { NothingWouldServeError, problemText } from "../base/errors.ts";
import type { DesiredTable } from "./desired-table.ts";
import { outagesOf } from "./outages.ts";
import type { Outage } from "./outages.ts";
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
    return {
      outages,
      warnings: [
        ...outages.map(warningOfOutage),
        ...names.flatMap((name) => warningsOfChange(name, before, after, traffic)),
      ],
    };
  }

  /** The same for a write. @throws NothingWouldServeError if it must be forced and is not. */
  async admit(judged: Judged, isForced: boolean): Promise<readonly Warning[]> {
    const { outages, warnings } = await this.judge(judged);
    if (outages.length === 0 || isForced) return warnings;
    throw new NothingWouldServeError(outages.map(({ problem }) => problem));
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
