import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import { lead } from "../consul/lock.ts";
import type { WatchDeps } from "../consul/watch.ts";
import type { Audit } from "../records/audit.ts";
import type { Events } from "../records/events.ts";
import type { StoredTable } from "../store/store.ts";
import { untilAborted } from "../store/until-aborted.ts";
import type { Asker } from "../table/table-sink.ts";
import { AuditNote } from "./audit-note.ts";
import { ConsulDocuments } from "./consul-documents.ts";
import { ConsulStore } from "./consul-store.ts";
import { FleetLaggards } from "./fleet-laggards.ts";
import { RevisionWitness } from "./revision-witness.ts";
import { SidecarFleet } from "./sidecar-fleet.ts";
import type { Trust } from "./table-seal.ts";

/** What a shared table works with. */
export type SharedTableDeps = WatchDeps & { readonly log: Log; readonly events: Events };

/** Where the table is, and who this sidecar is to the others. */
export type SharedTableOptions = {
  /** The prefix of all keys in KV. */
  readonly prefix: string;
  readonly sidecar: string;
  readonly trust: Trust;
  /** Where to keep the copy with this file name. undefined: none is kept. */
  readonly copyPath: (file: string) => string | undefined;
  /** This machine's name. */
  readonly host: string;
  /** Where others can reach our control API. undefined: where it listens. */
  readonly advertised: string | undefined;
  /** What a predecessor had in force. undefined: there is none. */
  readonly before: StoredTable | undefined;
};

/**
 * The table in Consul's KV and everything that goes with it: the store, the fleet that shares it,
 * and the noted end of this sidecar's audit log.
 */
export class SharedTable {
  readonly store: ConsulStore;
  readonly fleet: SidecarFleet;
  /** Of rollouts. */
  readonly documents: ConsulDocuments;
  /** What is seen of them: of no interest to those that do not lead, so that they do not follow. */
  readonly evidence: ConsulDocuments;
  readonly #laggards: FleetLaggards;
  readonly #deps: SharedTableDeps;
  readonly #options: SharedTableOptions;
  #auditPath: string | undefined;
  #auditNote: AuditNote | undefined;
  /** undefined: everybody is trusted, so that old tables are followed too. */
  readonly #witness: RevisionWitness | undefined;
  readonly #arrived = Promise.withResolvers<void>();
  /** Why there is no audit log on disk. undefined: there is, or none is wanted. */
  #auditLack: string | undefined;

  constructor(deps: SharedTableDeps, options: SharedTableOptions) {
    const { prefix, sidecar, host, trust, copyPath, before } = options;
    const onProblem = (problem: string | undefined): void =>
      void deps.events.emit({ kind: "store", problem });
    const place = { prefix, sidecar, trust, copyPath: copyPath("table.json"), before };
    this.#deps = deps;
    this.#options = options;
    this.store = new ConsulStore({ ...deps, onProblem }, place);
    this.fleet = new SidecarFleet(deps, { prefix, sidecar, host });
    const seenPath = copyPath("rollouts-seen.json");
    this.documents = new ConsulDocuments(deps, `${prefix}/rollouts/`, trust, seenPath);
    this.evidence = new ConsulDocuments(deps, `${prefix}/rollout-evidence/`, trust);
    this.#laggards = new FleetLaggards(deps, this.fleet, sidecar);
    this.#auditPath = copyPath("audit.jsonl");
    if (trust.trust.length > 0) {
      this.#witness = new RevisionWitness(deps, prefix, () => this.fleet.revision);
    }
  }

  /** This sidecar's name. */
  get sidecar(): string {
    return this.#options.sidecar;
  }

  /** This machine's name. */
  get host(): string {
    return this.#options.host;
  }

  /** Where this sidecar's audit log belongs. undefined: in memory. */
  get auditPath(): string | undefined {
    return this.#auditPath;
  }

  /** Where what rollouts decide here is kept. undefined: in memory. */
  get decisionsPath(): string | undefined {
    return this.#auditPath && this.#options.copyPath("rollouts.jsonl");
  }

  /** See SharedTableView. */
  get fleetProblem(): string | undefined {
    const { problem } = this.fleet;
    if (problem === undefined) return this.#laggards.problem;
    return `fleet: this sidecar is not on the list (${problem})`;
  }

  /** See RegistryView. */
  get auditProblem(): string | undefined {
    return this.#auditLack ?? this.#auditNote?.problem;
  }

  /** Makes the folder for copies. If that fails, the audit log stays in memory. */
  async makeFolder(): Promise<void> {
    const path = this.#auditPath;
    if (path === undefined) return;
    try {
      await mkdir(dirname(path), { recursive: true });
    } catch (error) {
      this.#deps.log.warn("kept_copy.unwritable", { path, error: errorText(error) });
      this.#auditPath = undefined;
      this.#auditLack = `The audit log is only in memory: ${errorText(error)}`;
    }
  }

  /** Notes the end of this audit log from run() on, if it is the one at `auditPath`. */
  note(audit: Audit): void {
    if (this.#auditPath !== undefined) {
      const place = { ...this.#options, revision: () => this.fleet.revision };
      this.#auditNote = new AuditNote(this.#deps, place, audit);
    }
  }

  /** See RegistryView. */
  async acceptAudit(by: Asker, revision: number): Promise<boolean> {
    return (await this.#auditNote?.accept(by, revision)) ?? false;
  }

  /** Why the table may not be the right one. undefined: it is. */
  get problem(): string | undefined {
    return this.store.problem ?? this.#witness?.problem;
  }

  /**
   * Runs work of one of all sidecars at a time, of this one whenever it leads: never if it may not
   * write the table. Never rejects.
   */
  lead(work: (held: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { prefix, sidecar, trust } = this.#options;
    if (trust.trust.length > 0 && trust.signingKey === undefined) return untilAborted(signal);
    const lock = { key: `${prefix}/rollout-leader`, holder: sidecar };
    return lead(this.#deps, lock, (leadership) => work(leadership.signal), signal);
  }

  /** Keeps up with Consul until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.fleet.run(signal),
      this.#laggards.run(signal),
      this.#auditNote?.run(signal),
      this.#tellOfOlder(signal),
    ]);
  }

  /** To be called when the table is in force. `api`: where our control API listens. */
  arrive(api: string): void {
    this.fleet.announce(this.#options.advertised ?? api);
    this.#arrived.resolve();
  }

  async #tellOfOlder(signal: AbortSignal): Promise<void> {
    await this.#witness?.run(signal);
    await Promise.race([this.#arrived.promise, untilAborted(signal)]);
    const problem = this.#witness?.problem;
    if (problem === undefined) return;
    this.#deps.log.error("store.older", { problem });
    this.#deps.events.emit({ kind: "store", problem });
  }
}
