import { errorText } from "../../proxy/base/error-text.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Documents, KeptDocument } from "../store/documents.ts";
import { Freezes } from "./freezes.ts";
import { decodeRollouts, encodeRollouts, withRollout } from "./rollout-document.ts";
import type { ServiceRollouts } from "./rollout-document.ts";
import { SeenVersions } from "./seen-versions.ts";
import { Trials } from "./trials.ts";
import type { Rollout } from "./rollout.ts";

type Known = { readonly rollouts: ServiceRollouts; readonly mark: string };

/** What is known of all rollouts, and where they are kept: one document for each service. */
export class RolloutStore {
  /** Kept beside them. */
  readonly freezes: Freezes;
  readonly trials: Trials;
  readonly seenVersions: SeenVersions;
  readonly #documents: Documents;
  readonly #log: Log;
  #known: ReadonlyMap<string, Known> = new Map();
  /** What could not be stored, by service. */
  readonly #unsaved = new Map<string, Rollout>();

  constructor(documents: Documents, { log, clock }: { readonly log: Log; readonly clock: Clock }) {
    this.#documents = documents;
    this.#log = log;
    this.freezes = new Freezes({ documents, log, clock });
    this.trials = new Trials({ documents, log, clock });
    this.seenVersions = new SeenVersions({ documents, log });
  }

  /** Of every service that has or had one. */
  all(): readonly ServiceRollouts[] {
    return [...this.#known.values()].map(({ rollouts }) => rollouts);
  }

  /** The latest of a service. undefined: it never had one. */
  latest(service: string): Rollout | undefined {
    return this.#known.get(service)?.rollouts.latest;
  }

  /**
   * A rollout by its id, or the latest of the service of this name. undefined: there is none, or it
   * is one of long ago.
   */
  find(id: string): Rollout | undefined {
    const all = this.all().flatMap(({ latest, past }) => [latest, ...past]);
    return all.find((each) => each.id === id) ?? this.latest(id);
  }

  /** Reads everything again. @throws StoreError */
  async load(): Promise<void> {
    this.#take(await this.#documents.all());
  }

  /** Follows what others write, until `signal` is aborted. */
  follow(signal: AbortSignal): Promise<void> {
    return this.#documents.follow((documents) => this.#take(documents), signal);
  }

  /**
   * Keeps a rollout: a new one, or what `base` has become, which must be the latest that is known.
   * false: somebody else was first; what they wrote is known then. @throws StoreError
   */
  async save(rollout: Rollout, base?: Rollout): Promise<boolean> {
    const { service } = rollout.spec;
    const known = this.#known.get(service);
    if (base !== undefined && known?.rollouts.latest !== base) return false;
    const rollouts = withRollout(known?.rollouts, rollout);
    const mark = await this.#documents.save(service, encodeRollouts(rollouts), known?.mark);
    if (mark === undefined) {
      await this.load();
      return false;
    }
    const now = this.#known.get(service);
    // An abort has come while a store that hung was waited for: it is what counts.
    const isKept = now !== known && this.#unsaved.has(service);
    const next = isKept && now !== undefined ? now.rollouts : rollouts;
    this.#known = new Map([...this.#known, [service, { rollouts: next, mark }]]);
    if (!isKept) this.#unsaved.delete(service);
    return true;
  }

  /** What could not be stored is, or is overruled. */
  forget(service: string): void {
    this.#unsaved.delete(service);
  }

  /** What could not be stored yet. */
  get unsaved(): readonly Rollout[] {
    return [...this.#unsaved.values()];
  }

  /** Knows a rollout as it has become, although it could not be stored. */
  keep(rollout: Rollout): void {
    const { service } = rollout.spec;
    const known = this.#known.get(service);
    if (known === undefined) return;
    const rollouts = withRollout(known.rollouts, rollout);
    this.#known = new Map([...this.#known, [service, { ...known, rollouts }]]);
    this.#unsaved.set(service, rollout);
  }

  #take(documents: ReadonlyMap<string, KeptDocument>): void {
    for (const { kept } of [this.freezes, this.trials, this.seenVersions]) kept.take(documents);
    const known = new Map<string, Known>();
    for (const [service, { text, mark }] of documents) {
      if (service.startsWith("~")) continue;
      const old = this.#known.get(service);
      const read = old?.mark === mark ? old : this.#read(service, text, mark);
      if (read !== undefined) known.set(service, read);
    }
    this.#known = known;
  }

  /** One that cannot be read ends nothing: it is left as it is, and its service has none. */
  #read(service: string, text: string, mark: string): Known | undefined {
    try {
      return { rollouts: decodeRollouts(text, service), mark };
    } catch (error) {
      this.#log.warn("rollout.unreadable", { service, reason: errorText(error) });
      return undefined;
    }
  }
}
