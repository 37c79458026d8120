/** Most differences of one service that are shown, in each worker: the latest. */
const SAMPLES_MAX = 20;

/** An example of two answers that differ, without anything that may be a secret. */
export type ShadowSample = {
  /** When, in ms since 1970. */
  readonly atMs: number;
  readonly method: string;
  /** Without its query, and cut where it is long. */
  readonly path: string;
  /** Of the answer that the client got, and of the copy's. Absent: they do not differ. */
  readonly status?: readonly [number, number] | undefined;
  /** Names of fields that differ or that only one has. */
  readonly headers?: readonly string[] | undefined;
  /** Lengths of the bodies in bytes. */
  readonly body?: readonly [number, number] | undefined;
};

/** What the comparison of a service's answers with those to copies found, in one worker. */
export type ShadowStats = {
  readonly service: string;
  readonly compared: number;
  /** Those that differ in anything. */
  readonly different: number;
  readonly status: number;
  readonly headers: number;
  readonly body: number;
  /** The latest, newest last. */
  readonly samples: readonly ShadowSample[];
};

type Tally = { -readonly [Key in keyof ShadowStats]: ShadowStats[Key] };

/** Counts differences between answers, and keeps some examples of each service. */
export class ShadowCounts {
  readonly #byService = new Map<string, Tally>();

  /** Two answers were compared. undefined: they are equal. */
  add(service: string, found: ShadowSample | undefined): void {
    const tally = this.#byService.get(service) ?? newTally(service);
    this.#byService.set(service, tally);
    tally.compared += 1;
    if (found === undefined) return;
    tally.different += 1;
    if (found.status !== undefined) tally.status += 1;
    if (found.headers !== undefined) tally.headers += 1;
    if (found.body !== undefined) tally.body += 1;
    tally.samples = [...tally.samples, found].slice(-SAMPLES_MAX);
  }

  /** Counts so far. */
  stats(): ShadowStats[] {
    return [...this.#byService.values()].map((tally) => ({ ...tally }));
  }
}

/** Counts of one service in two places, together. */
export function addedShadows(one: ShadowStats, other: ShadowStats): ShadowStats {
  return {
    service: one.service,
    compared: one.compared + other.compared,
    different: one.different + other.different,
    status: one.status + other.status,
    headers: one.headers + other.headers,
    body: one.body + other.body,
    samples: [...one.samples, ...other.samples]
      .toSorted((a, b) => a.atMs - b.atMs)
      .slice(-SAMPLES_MAX),
  };
}

function newTally(service: string): Tally {
  return { service, compared: 0, different: 0, status: 0, headers: 0, body: 0, samples: [] };
}
