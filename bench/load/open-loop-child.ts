import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { createHistogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { AnswerReader } from "./answer-reader.ts";
import { loadArgument } from "./child.ts";
import type { OpenLoop, OpenLoopResult } from "./open-loop.ts";
import { requestBytes } from "./request-bytes.ts";

/** The schedule's step: libuv's timers have none shorter. */
const TICK_MS = 1;
/** How long to wait for answers at the end. */
const LAST_ANSWERS_MS = 2_000;
/** The first part of a run opens connections and warms caches: it is not counted. */
const WARM_UP_SHARE = 0.2;

/** One connection of the generator. */
type Sender = {
  readonly socket: Socket;
  readonly reader: AnswerReader;
  dueMs: number;
  busy: boolean;
};

/**
 * Sends requests on schedule. In every tick those that are due go out, each on a free connection.
 * Where there is none they wait, and their latency runs. How late the generator itself is, is kept
 * apart: it shares its processor with the origin, which is the same for all contenders.
 */
class Generator {
  readonly #loop: OpenLoop;
  readonly #request: Buffer;
  readonly #free: Sender[] = [];
  /** When the requests that wait for a connection were due, in monotonic milliseconds. */
  readonly #waiting: number[] = [];
  readonly #latencies = createHistogram({ figures: 3 });
  readonly #lateness = createHistogram({ figures: 3 });
  #startMs = 0;
  #due = 0;
  #answered = 0;
  #errors = 0;

  constructor(loop: OpenLoop) {
    this.#loop = loop;
    this.#request = requestBytes(loop.target);
  }

  async run(): Promise<OpenLoopResult> {
    const { connections, requestsPerSecond, seconds } = this.#loop;
    await Promise.all(Array.from({ length: connections }, () => this.#open()));
    this.#startMs = performance.now();
    const total = Math.floor(requestsPerSecond * seconds);
    const ticks = setInterval(() => this.#tick(total), TICK_MS);
    const endMs = this.#startMs + seconds * 1000 + LAST_ANSWERS_MS;
    while (this.#answered + this.#errors < total && performance.now() < endMs) await sleep(10);
    clearInterval(ticks);
    return this.#result(total);
  }

  async #open(): Promise<void> {
    const { host, port } = this.#loop.target;
    const socket = connect({ host, port, noDelay: true });
    await once(socket, "connect");
    const sender: Sender = { socket, reader: new AnswerReader(), dueMs: 0, busy: false };
    socket.on("data", (bytes: Buffer) => {
      if (sender.reader.take(bytes)) this.#onAnswer(sender);
    });
    // What was under way fails, and another connection takes its place.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#onClose(sender));
    this.#free.push(sender);
  }

  #tick(total: number): void {
    const nowMs = performance.now();
    const perMs = this.#loop.requestsPerSecond / 1000;
    const dueNow = Math.min(Math.floor((nowMs - this.#startMs) * perMs), total);
    if (dueNow === this.#due) return;
    const scheduledMs = this.#startMs + (this.#due + 1) / perMs;
    this.#lateness.record(Math.max(1, Math.round((nowMs - scheduledMs) * 1000)));
    for (; this.#due < dueNow; this.#due += 1) this.#waiting.push(nowMs);
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0) {
      const sender = this.#free.pop();
      if (sender === undefined) return;
      sender.dueMs = this.#waiting.shift() as number;
      sender.busy = true;
      sender.socket.write(this.#request);
    }
  }

  #onAnswer(sender: Sender): void {
    const nowMs = performance.now();
    const isWell = sender.reader.status === 200;
    sender.busy = false;
    if (isWell) this.#answered += 1;
    else this.#errors += 1;
    const countFromMs = this.#startMs + this.#loop.seconds * 1000 * WARM_UP_SHARE;
    if (isWell && sender.dueMs >= countFromMs) {
      this.#latencies.record(Math.max(1, Math.round((nowMs - sender.dueMs) * 1000)));
    }
    this.#free.push(sender);
    this.#sendWaiting();
  }

  #onClose(sender: Sender): void {
    if (sender.busy) this.#errors += 1;
    const at = this.#free.indexOf(sender);
    if (at >= 0) this.#free.splice(at, 1);
    this.#open().then(
      () => this.#sendWaiting(),
      () => undefined,
    );
  }

  #result(total: number): OpenLoopResult {
    return {
      answered: this.#answered,
      errors: total - this.#answered,
      p50Us: this.#latencies.percentile(50),
      p99Us: this.#latencies.percentile(99),
      p999Us: this.#latencies.percentile(99.9),
      lateP99Us: this.#lateness.percentile(99),
    };
  }
}

const result = await new Generator(loadArgument() as OpenLoop).run();
process.stdout.write(JSON.stringify(result), () => process.exit(0));
