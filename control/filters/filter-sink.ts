import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../proxy/base/clock.ts";
import type {
  FilterPreparation,
  FilterRefusalReport,
  FilterSpec,
} from "../../proxy/table/filter-spec.ts";
import type { FilterSnapshot, TableChange } from "../../proxy/table/snapshot.ts";
import { FilterRefusedError } from "../base/errors.ts";
import type { FilterWrite, TableSink } from "../table/table-sink.ts";
import { within } from "../base/worker-answer.ts";
import { preparationOf } from "../workers/briefing.ts";
import type { Briefing, Chains, ComingFilters } from "../workers/briefing.ts";
import { logRefusals } from "../workers/tell-worker.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";
import { recordLoad, recordReplaced } from "./filter-audit.ts";
import type { FilterAuditDeps } from "./filter-audit.ts";
import type { FilterFiles } from "./filter-files.ts";
import type { PreparedFilters, RunningFilters } from "./running-filters.ts";
import { errorText } from "../../proxy/base/error-text.ts";

/** How long a worker may take to load filters; longer than it gives a module itself. */
const PREPARE_WAIT_MS = 5_000;

/** The workers, as filters see them. */
export interface FilteringWorkers {
  /** Those that must all load filters before any has them in force. */
  readonly serving: readonly WorkerProcess[];
  /** See Workers.tell(). */
  tell(change: TableChange, filters?: ComingFilters): Promise<readonly FilterRefusalReport[]>;
}

/** What the sink works with. */
export type FilterSinkDeps = FilterAuditDeps & {
  readonly workers: FilteringWorkers;
  /** What workers that start later will be told. */
  readonly briefing: Briefing;
  readonly running: RunningFilters;
  readonly files: FilterFiles;
  readonly clock: Clock;
};

/**
 * Brings tables to the workers together with their filters, in two phases: every worker loads the
 * filters, then every worker puts them in force. If one worker refuses, none gets them.
 */
export class FilterSink implements TableSink {
  readonly #deps: FilterSinkDeps;

  constructor(deps: FilterSinkDeps) {
    this.#deps = deps;
  }

  /**
   * Loads the filters of a change in every worker. It ignores filters that the change leaves alone,
   * whatever their files hold by now: a shift must not fail because of them.
   */
  async prepare(change: TableChange, write?: FilterWrite): Promise<PreparedFilters | undefined> {
    const chains = await this.#chainsOf(change, write?.fresh);
    if (chains.size === 0) return undefined;
    await this.#announce(chains, change, write);
    const { prepared, refusals } = await this.#load(chains, { strict: true, write });
    if (refusals.length > 0) throw new FilterRefusedError(refusals);
    return prepared;
  }

  async apply(change: TableChange, prepared?: PreparedFilters): Promise<void> {
    const { running } = this.#deps;
    const filters = prepared ?? (await this.#settle(change));
    running.follow(change);
    const before = running.replace(filters?.chains ?? new Map());
    try {
      await this.#activate(change, filters);
    } catch (error) {
      if (filters !== undefined) await this.#revert(filters, before);
      throw error;
    }
    if (filters === undefined) return;
    const { chains, write } = filters;
    await recordReplaced(this.#deps, { before, after: chains, write, revision: change.revision });
  }

  /** The chains that differ because of a change, or because files are to be read again. */
  async #chainsOf(
    change: TableChange,
    fresh: string | undefined,
  ): Promise<Map<string, readonly FilterSpec[]>> {
    const { running } = this.#deps;
    const isFresh = ({ name }: FilterSnapshot): boolean => fresh === "*" || fresh === name;
    const wanted = new Map(running.services.map((name) => [name, running.wanted(name)]));
    for (const { name, filters } of change.replace) wanted.set(name, filters);
    for (const name of change.remove) wanted.delete(name);
    const chains = new Map<string, readonly FilterSpec[]>();
    for (const [service, filters] of wanted) {
      const isAsWas = isDeepStrictEqual(filters, running.wanted(service));
      if (isAsWas && !filters.some(isFresh)) continue;
      const specs = await this.#read(service, filters, isFresh);
      if (!isDeepStrictEqual(specs, running.specs(service))) chains.set(service, specs);
    }
    return chains;
  }

  /** Filters with their code: what runs already, else what the file holds. */
  #read(
    service: string,
    filters: readonly FilterSnapshot[],
    isFresh: (filter: FilterSnapshot) => boolean,
  ): Promise<FilterSpec[]> {
    const { files, running } = this.#deps;
    const known = running.specs(service);
    return Promise.all(
      filters.map(async (filter): Promise<FilterSpec> => {
        const same = known.find((spec) => isDeepStrictEqual(spec.filter, filter));
        if (same !== undefined && !isFresh(filter)) return same;
        return { filter, code: await files.read(filter.module) };
      }),
    );
  }

  /**
   * Loads the filters of a table that is already in force, wherever it came from, and so cannot be
   * refused. A service whose filters are refused keeps those that it has. If it has none, each
   * filter that cannot be loaded fails every exchange, as its `onError` says.
   */
  async #settle(change: TableChange): Promise<PreparedFilters | undefined> {
    const { running, events, log } = this.#deps;
    const chains = new Map<string, readonly FilterSpec[]>();
    for (const { name, filters } of change.replace) {
      if (running.isRunning(name, filters)) continue;
      chains.set(name, await this.#read(name, filters, () => false));
    }
    if (chains.size === 0) return undefined;
    await this.#announce(chains, change, undefined);
    const { prepared, refusals } = await this.#load(chains, { strict: true, write: undefined });
    if (refusals.length === 0) return prepared;
    logRefusals(refusals, log);
    for (const refusal of refusals) {
      const { service, ...why } = refusal;
      events.emit({ kind: "filter-refused", services: [service], ...why });
      if (running.specs(refusal.service).length > 0) chains.delete(refusal.service);
    }
    if (chains.size === 0) return undefined;
    return (await this.#load(chains, { strict: false, write: undefined })).prepared;
  }

  /** See recordLoad(). */
  #announce(
    chains: Chains,
    { revision }: TableChange,
    write: FilterWrite | undefined,
  ): Promise<void> {
    const { running } = this.#deps;
    const before = new Map([...chains.keys()].map((name) => [name, running.specs(name)]));
    return recordLoad(this.#deps, { before, after: chains, write, revision });
  }

  /**
   * Has every worker that serves load chains: one first, so that a module that blocks or ends its
   * worker costs one of them.
   */
  async #load(
    chains: Chains,
    how: { readonly strict: boolean; readonly write: FilterWrite | undefined },
  ): Promise<{ prepared: PreparedFilters; refusals: readonly FilterRefusalReport[] }> {
    const { workers, briefing } = this.#deps;
    const workersReady = new Set<WorkerProcess>();
    const number = briefing.nextNumber();
    const prepared = { number, chains, workers: workersReady, write: how.write };
    const preparation = preparationOf(number, chains, how.strict);
    const ask = async (worker: WorkerProcess): Promise<readonly FilterRefusalReport[]> => {
      const answer = await this.#ask(worker, preparation);
      workersReady.add(worker);
      return answer.kind === "filters" ? answer.refusals : [];
    };
    const [first, ...others] = workers.serving;
    const refusals = first === undefined ? [] : await ask(first);
    if (how.strict && refusals.length > 0) return { prepared, refusals };
    const more = await Promise.all(others.map(ask));
    return { prepared, refusals: [...refusals, ...more.flat()] };
  }

  /** @throws FilterRefusedError when the worker does not answer, or ends: a module is at fault. */
  async #ask(
    worker: WorkerProcess,
    preparation: FilterPreparation,
  ): ReturnType<WorkerProcess["ask"]> {
    const { clock, log } = this.#deps;
    const answer = worker.ask({ kind: "prepareFilters", preparation });
    try {
      return await within(answer, `worker ${worker.pid}`, PREPARE_WAIT_MS, clock);
    } catch (error) {
      const reason = worker.gone
        ? `worker ${worker.pid} ended when it loaded them`
        : `worker ${worker.pid} did not load them within ${PREPARE_WAIT_MS} ms`;
      if (!worker.gone) {
        // It is stuck inside a module and serves nobody. Its successor will, with the old filters.
        log.error("worker.stuck", { pid: worker.pid, reason: errorText(error) });
        process.kill(worker.pid, "SIGKILL");
      }
      const service = preparation.chains.map((chain) => chain.service).join(", ");
      throw new FilterRefusedError([{ service, filter: "", reason }]);
    }
  }

  /** @throws FilterRefusedError when a filter cannot take over, WorkerError as Workers.tell(). */
  async #activate(change: TableChange, filters: PreparedFilters | undefined): Promise<void> {
    const refusals = await this.#deps.workers.tell(change, filters);
    if (refusals.length > 0) throw new FilterRefusedError(refusals);
  }

  /** One worker could not take over, so all return to what they had. The table stays. */
  async #revert({ number }: PreparedFilters, before: Chains): Promise<void> {
    const { workers, running, log } = this.#deps;
    running.replace(before);
    log.error("filters.reverted", { services: [...before.keys()].join(" ") });
    const asked = workers.serving.map((worker) => worker.ask({ kind: "revertFilters", number }));
    // A worker that does not answer will still do it in order, before anything that it is asked
    // later.
    const answered = Promise.allSettled(asked);
    await within(answered, "a worker", PREPARE_WAIT_MS, this.#deps.clock).catch(() => undefined);
  }
}
