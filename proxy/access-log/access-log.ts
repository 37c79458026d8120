import type { Clock } from "../base/clock.ts";
import { orLate } from "../base/deadline.ts";
import type { Random } from "../base/random.ts";
import type {
  EndedExchange,
  ExchangeWitness,
  RefusedHead,
  Witnesses,
} from "../exchange/witness.ts";
import type { TunnelRecord, TunnelWitness } from "../metrics/tunnel-record.ts";
import type { AccessLogSpec } from "../table/access-log-spec.ts";
import type { Peer } from "../transport/peer.ts";
import type { AccessEntry } from "./entry.ts";
import { lineFormat } from "./format.ts";
import { LineSink } from "./line-sink.ts";
import type { LineCounts, LineSinkDeps } from "./line-sink.ts";
import { PendingLines } from "./pending-lines.ts";
import { refusedEntry, tunnelEntry } from "./record-entries.ts";

/** What the access log of a worker works with. */
export type AccessLogDeps = Omit<LineSinkDeps, "counts" | "collect"> & {
  readonly clock: Clock;
  readonly random: Random;
  /** It is the one that hears, while it is on. */
  readonly witness: Witnesses;
};

/** How long whoever ends a worker waits for its last lines: a reader of a pipe may have stopped. */
const FLUSH_WAIT_MS = 1_000;

/** What is on. */
type Open = {
  readonly spec: AccessLogSpec;
  readonly pending: PendingLines;
  readonly sink: LineSink;
};

/** Writes a line for everything that has ended in this worker, while it is on. */
export class AccessLog implements ExchangeWitness, TunnelWitness {
  readonly #deps: AccessLogDeps;
  readonly #counts: LineCounts = { written: 0, dropped: 0 };
  #open: Open | undefined;

  /** It is off until it is told otherwise. */
  constructor(deps: AccessLogDeps) {
    this.#deps = deps;
  }

  /** Lines so far, over all that it has been told. */
  get counts(): Readonly<LineCounts> {
    return this.#counts;
  }

  /** From now on lines are like this, and the file is opened anew. undefined: there are none. */
  follow(spec: AccessLogSpec | undefined): void {
    this.#collect();
    const before = this.#open;
    const { witness } = this.#deps;
    const isSame = before !== undefined && spec !== undefined && before.sink.path === spec.path;
    this.#open = spec && {
      spec,
      pending: new PendingLines(lineFormat(spec.format)),
      sink: isSame ? before.sink : this.#sinkTo(spec.path),
    };
    witness.exchanges = spec && this;
    witness.tunnels = spec && this;
    if (isSame) before.sink.reopen();
    else void before?.sink.close();
  }

  /** Resolves when all lines so far are written or lost, or cannot be written for now. */
  async flush(): Promise<void> {
    const flushed = this.#open?.sink.flush();
    if (flushed === undefined) return;
    await orLate(flushed, FLUSH_WAIT_MS, this.#deps.clock, () => undefined);
  }

  exchangeEnded(exchange: EndedExchange, peer: Peer, durationMs: number): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#tell(open, open.pending.entryOf(exchange, peer, durationMs), exchange.sinceMs);
  }

  headRefused(head: RefusedHead): void {
    if (this.#open === undefined) return;
    this.#tell(this.#open, refusedEntry(head), this.#deps.clock.nowMs());
  }

  tunnelEnded(record: TunnelRecord): void {
    if (this.#open === undefined) return;
    const sinceMs = this.#deps.clock.nowMs() - record.durationMs;
    this.#tell(this.#open, tunnelEntry(record), sinceMs);
  }

  #sinkTo(path: string | undefined): LineSink {
    const collect = (): void => this.#collect();
    return new LineSink(path, { ...this.#deps, counts: this.#counts, collect });
  }

  #tell({ spec, pending, sink }: Open, entry: AccessEntry, sinceMs: number): void {
    if (!this.#isWanted(entry, spec)) return;
    if (pending.add(entry, sinceMs)) this.#collect();
    else sink.expect();
  }

  /** Makes lines of what has ended so far. */
  #collect(): void {
    const { clock } = this.#deps;
    this.#open?.pending.giveTo(this.#open.sink, clock.wallMs() - clock.nowMs());
  }

  #isWanted(entry: AccessEntry, { filter, sample, slowMs }: AccessLogSpec): boolean {
    // A tunnel lasts as long as it is of use.
    const isSlow = entry.status !== undefined && (entry.durationMs ?? 0) >= slowMs;
    if (filter.length > 0) {
      return (entry.isError && filter.includes("errors")) || (isSlow && filter.includes("slow"));
    }
    if (sample >= 1 || entry.isError || isSlow) return true;
    return this.#deps.random.next() < sample;
  }
}
