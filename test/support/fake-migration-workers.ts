import type { AskedWorkers } from "../../control/migrations/version-migration.ts";
import type { Question } from "../../control/workers/worker-process.ts";
import type {
  FromWorker,
  MigrationOrder,
  MigrationProgress,
} from "../../proxy/messages/messages.ts";

/** No connection of any age. */
export const NO_AGES = [0, 0, 0, 0];

/** The version that these workers hold connections of. */
export const LEFT_VERSION = { service: "web", version: "v1" };

/** Workers that hold tunnels and end them when the test says so. */
export class FakeMigrationWorkers implements AskedWorkers {
  /** Tunnels by pid. */
  readonly held: Map<number, number>;
  readonly progress = new Map<number, Partial<MigrationProgress>>();
  /** The latest order of each. */
  readonly orders = new Map<number, MigrationOrder>();
  readonly asked: string[] = [];

  constructor(held: Readonly<Record<number, number>>) {
    this.held = new Map(Object.entries(held).map(([pid, count]) => [Number(pid), count]));
  }

  get rates(): Record<string, number> {
    return Object.fromEntries([...this.orders].map(([pid, { perSecond }]) => [pid, perSecond]));
  }

  async askEach(question: (pid: number) => Question): Promise<ReadonlyMap<number, FromWorker>> {
    const pids = [...this.held.keys()];
    return new Map(pids.map((pid) => [pid, this.#answer(pid, question(pid))] as const));
  }

  #answer(pid: number, question: Question): FromWorker {
    this.asked.push(question.kind);
    const tunnels = this.held.get(pid) ?? 0;
    const counts = { tunnel: [tunnels, 0, 0, 0], exchange: NO_AGES };
    if (question.kind === "open") {
      const versions = tunnels === 0 ? [] : [{ ...LEFT_VERSION, ...counts }];
      return { kind: "open", id: 1, versions };
    }
    if (question.kind !== "migrate") return { kind: "done", id: 1 };
    this.orders.set(pid, question.order);
    const none = { closing: 0, closed: 0, reconnects: 0, reconnectsFailed: 0, stopped: false };
    const progress = { left: counts, ...none, ...this.progress.get(pid) };
    return { kind: "migrating", id: 1, progress };
  }
}
