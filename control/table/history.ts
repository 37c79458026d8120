import { NoUndoError } from "../base/errors.ts";
import type { ServiceDocument } from "../config/service-schema.ts";
import { isSameService } from "./desired-table.ts";
import type { DesiredTable } from "./desired-table.ts";

/** Changes of one service that can be undone: more than a rollout has steps. */
export const CHANGES_KEPT_MAX = 20;

/** Changes of all services together: some megabytes of documents at their usual size. */
export const ALL_CHANGES_KEPT_MAX = 2_000;

/** A change of one service. */
type Change = {
  readonly service: string;
  /** The revision that the change made. */
  readonly revision: number;
  /** undefined: there was no such service. */
  readonly before: ServiceDocument | undefined;
};

/** What services were before their latest changes, whoever made them; gone with the process. */
export class History {
  /** Oldest first. */
  #changes: Change[] = [];
  /** The revision since which everything is known. 0: nothing has changed yet. */
  #since = 0;
  /** The same by service, where changes had to be forgotten. */
  readonly #forgotten = new Map<string, number>();

  /** Takes note of a new table. */
  note(before: DesiredTable, after: DesiredTable): void {
    if (before.revision === 0 || before.revision === after.revision) return;
    if (this.#since === 0) this.#since = before.revision;
    const names = new Set([...before.documents.keys(), ...after.documents.keys()]);
    for (const service of names) {
      if (isSameService(before, after, service)) continue;
      const { revision } = after;
      this.#changes.push({ service, revision, before: before.documents.get(service) });
      this.#forget(this.#of(service), CHANGES_KEPT_MAX);
      this.#forget(this.#changes, ALL_CHANGES_KEPT_MAX);
    }
  }

  /** Whether a service has changed at all, as far as is known. */
  knows(service: string): boolean {
    return this.#of(service).length > 0;
  }

  /**
   * What a service was before its latest change or, with a revision, when the table had that one.
   * undefined: there was no such service. @throws NoUndoError when that is not known.
   */
  find(
    service: string,
    table: DesiredTable,
    revision: number | undefined,
  ): ServiceDocument | undefined {
    const changes = this.#of(service);
    if (revision === undefined) {
      const last = changes.at(-1);
      if (last === undefined) throw new NoUndoError(service, "a change since the start", "none");
      return last.before;
    }
    const first = this.#forgotten.get(service) ?? (this.#since || table.revision);
    if (revision < first || revision > table.revision) {
      const wanted = `a revision from ${first} to ${table.revision}`;
      throw new NoUndoError(service, wanted, `${revision}`);
    }
    const next = changes.find((change) => change.revision > revision);
    return next === undefined ? table.documents.get(service) : next.before;
  }

  #of(service: string): readonly Change[] {
    return this.#changes.filter((change) => change.service === service);
  }

  /** Forgets the oldest of these changes that are too many. */
  #forget(changes: readonly Change[], most: number): void {
    if (changes.length <= most) return;
    const gone = new Set(changes.slice(0, changes.length - most));
    for (const { service, revision } of gone) this.#forgotten.set(service, revision);
    this.#changes = this.#changes.filter((change) => !gone.has(change));
  }
}
