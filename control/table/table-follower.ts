import { isDeepStrictEqual } from "node:util";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Serial } from "../base/serial.ts";
import type { Store, StoredTable } from "../store/store.ts";
import { problemText } from "../base/errors.ts";
import { changeBetween, rediscovered, storedForm } from "./desired-table.ts";
import type { DesiredTable } from "./desired-table.ts";
import { changesText } from "./document-changes.ts";
import type { Surroundings } from "./guard.ts";
import { outagesOf } from "./outages.ts";
import type { TableInForce, TableInForceDeps } from "./table-in-force.ts";

/** What a follower works with. */
export type TableFollowerDeps = TableInForceDeps & {
  readonly store: Store;
  readonly current: TableInForce;
  /** Writes take turns here too, so that neither sees half of the other. */
  readonly serial: Serial;
  /** Absent: nothing is known of listeners. */
  readonly around?: Surroundings | undefined;
};

/**
 * Brings what other sidecars have written, and what discovery has found, into the table in force.
 */
export class TableFollower {
  readonly #deps: TableFollowerDeps;
  readonly #closing = new AbortController();
  #following: Promise<void> = Promise.resolve();
  /** What others have written and discovery has found since the last catch-up. */
  #followed: StoredTable | undefined;
  #rediscover = new Set<string>();
  #catchUp: Promise<void> | undefined;

  constructor(deps: TableFollowerDeps) {
    this.#deps = deps;
  }

  /** Follows discovery from now on. */
  hearDiscovery(): void {
    const { discovery } = this.#deps;
    if (discovery) discovery.onChange = (name) => void this.refresh(name);
  }

  /** Follows the store from now on. */
  hearStore(): void {
    const follow = this.#deps.store.follow((table) => {
      this.#followed = table;
      void this.#catchUpLater();
    }, this.#closing.signal);
    this.#following = this.#logged("store.follow.failed", follow);
  }

  /** See Services.refresh(). */
  refresh(name: string): Promise<void> {
    this.#rediscover.add(name);
    return this.#catchUpLater();
  }

  /** Takes in what the store holds, during the caller's turn. Never rejects: errors are logged. */
  adoptStored(): Promise<void> {
    return this.#logged("table.apply.failed", this.#adoptStored());
  }

  /** Stops following. Resolves when the store has let go. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#deps.discovery) this.#deps.discovery.onChange = () => undefined;
    await this.#following;
  }

  /** One task takes in everything that has arrived by the time it runs, so tasks cannot pile up. */
  #catchUpLater(): Promise<void> {
    this.#catchUp ??= this.#deps.serial.runAlways(async () => {
      const [followed, names] = [this.#followed, this.#rediscover];
      this.#catchUp = undefined;
      this.#followed = undefined;
      this.#rediscover = new Set();
      await this.#logged("table.apply.failed", this.#takeFollowed(followed));
      await this.#logged("table.apply.failed", this.#takeDiscovered(names));
    });
    return this.#catchUp;
  }

  async #takeFollowed(followed: StoredTable | undefined): Promise<void> {
    if (followed === undefined) return;
    if (followed.revision > this.#deps.current.table.revision) return this.#adopt(followed);
    // Our own write may have overtaken it, or somebody has put an older table back, or changed one
    // by hand without a new revision: the store knows.
    await this.#adoptStored();
  }

  async #takeDiscovered(names: ReadonlySet<string>): Promise<void> {
    const { current, discovery } = this.#deps;
    const after = rediscovered(current.table, names, discovery);
    if (after !== current.table) await current.apply(after);
  }

  async #adoptStored(): Promise<void> {
    const { current, store } = this.#deps;
    const stored = await store.load();
    if (stored === undefined || isDeepStrictEqual(stored, storedForm(current.table))) return;
    await this.#adopt(stored);
  }

  async #adopt(stored: StoredTable): Promise<void> {
    const { current, events, log, onRevision } = this.#deps;
    const after = current.read(stored);
    const { replace, remove } = changeBetween(current.table, after);
    const services = [...replace.map(({ name }) => name), ...remove];
    const changes = changesText(current.table, after, services);
    const { revision } = stored;
    log.info("table.followed", { revision, changes });
    this.#warnOfOutages(after);
    events.emit({ kind: "revision", revision, action: "follow", services });
    try {
      await current.apply(after);
    } finally {
      onRevision?.(services, false);
    }
  }

  /** Whoever wrote it has been asked there: here it can only be told. */
  #warnOfOutages(after: DesiredTable): void {
    const { around, current, log } = this.#deps;
    const listeners = around?.listeners() ?? [];
    const turn = { before: current.table, after };
    const both = { listenersBefore: listeners, listenersAfter: listeners };
    for (const { service, problem } of outagesOf({ ...turn, ...both })) {
      const { revision } = after;
      log.warn("table.nothing-serves", { revision, service, reason: problemText(problem) });
    }
  }

  async #logged(event: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#deps.log.error(event, { error: errorText(error) });
    }
  }
}
