import type { WorkerProcess } from "../../../control/workers/worker-process.ts";
import { Filters } from "../../../proxy/filters/filters.ts";
import type { ModuleLoader } from "../../../proxy/filters/module-loader.ts";
import type { FromWorker } from "../../../proxy/messages/messages.ts";
import { FakeParts } from "../../proxy/filters/filter-fixture.ts";

type Question = Parameters<WorkerProcess["ask"]>[0];

/** A worker process as the control plane sees it, with the real filters and nothing else. */
export class FakeWorker {
  readonly pid: number;
  gone = false;
  onTrial = false;
  /** Kinds of what it was asked, in order. */
  readonly asked: string[] = [];
  /** Answers instead of the real filters. undefined: they do. */
  answer: ((question: Question) => Promise<FromWorker> | undefined) | undefined;
  readonly filters: Filters;

  constructor(pid: number, loader: ModuleLoader) {
    this.pid = pid;
    this.filters = new Filters(loader, new FakeParts());
  }

  /** What is in force: names with the versions of their modules. */
  get running(): readonly string[] {
    return this.filters.stats().map(({ filter, version }) => `${filter} ${version}`);
  }

  readonly ask = async (question: Question): Promise<FromWorker> => {
    this.asked.push(question.kind);
    return this.answer?.(question) ?? this.#act(question);
  };

  /** As the control plane takes it. */
  get process(): WorkerProcess {
    return this as unknown as WorkerProcess;
  }

  async #act(question: Question): Promise<FromWorker> {
    const id = 0;
    if (question.kind === "prepareFilters") {
      return { kind: "filters", id, refusals: await this.filters.prepare(question.preparation) };
    }
    if (question.kind === "table") {
      await this.filters.idle;
      if (question.filters === undefined) return { kind: "done", id };
      return { kind: "filters", id, refusals: this.filters.activate(question.filters) };
    }
    if (question.kind !== "revertFilters") throw new Error(`It was asked ${question.kind}`);
    this.filters.revert(question.number);
    return { kind: "done", id };
  }
}
