import { pause } from "../../proxy/base/clock.ts";
import type { Clock } from "../../proxy/base/clock.ts";
import { orLate } from "../../proxy/base/deadline.ts";
import { errorText } from "../../proxy/base/error-text.ts";
import type { Log } from "../../proxy/base/log.ts";
import type { Random } from "../../proxy/base/random.ts";
import type { SpanReport } from "../../proxy/messages/messages.ts";
import { askHttp } from "../base/ask-http.ts";
import { doubledPauseMs } from "../base/doubled-pause.ts";
import type { TracingSpec } from "../config/tracing-schema.ts";
import { exportBody, exportOutcome, resourceJson, tracesUrl } from "./otlp-request.ts";
import type { ExportOutcome } from "./otlp-request.ts";

/** Spans of one request; a report of a worker is never cut, and may have more. */
const REQUEST_SPANS = 512;

/** Spans that wait in all; what comes beyond them is dropped. */
const WAITING_SPANS_MAX = 8_192;

/** The same in characters: 1 KiB for each. */
const WAITING_CHARS_MAX = 8_388_608;

/** How long a collector may take for one request. */
const TIMEOUT_MS = 5_000;

/** How often one batch is sent. */
const TRIES_MAX = 5;

/** After a failure. */
const PAUSES = { minMs: 1_000, maxMs: 60_000 };

/** How long the end of the sidecar waits for what is left. */
const CLOSE_MS = 2_000;

/** One line of the log for so long. */
const COMPLAINT_MS = 60_000;

/** What an exporter works with. */
export type SpanExporterDeps = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

/** Where spans go. */
type Target = { readonly url: string; readonly resource: string };

type Batch = Omit<SpanReport, "dropped">;

/**
 * Sends the spans of all workers to a collector, by OTLP/HTTP, one batch at a time. Nobody waits
 * for it: what a collector does not take in time finds no room, is dropped and counted.
 */
export class SpanExporter {
  readonly counts = { exported: 0, dropped: 0 };
  readonly #instance: string;
  readonly #deps: SpanExporterDeps;
  #target: Target | undefined;
  #waiting: Batch[] = [];
  #spans = 0;
  #chars = 0;
  /** In a row. */
  #failures = 0;
  #saidMs = -Infinity;
  #running: Promise<void> | undefined;
  /** Nobody waits between tries any more. */
  readonly #hurry = new AbortController();
  readonly #ended = new AbortController();

  /** `instance`: what tells this sidecar apart from others. */
  constructor(instance: string, deps: SpanExporterDeps) {
    this.#instance = instance;
    this.#deps = deps;
  }

  /** Where spans go from now on. undefined: there are none, but for those on their way. */
  follow(spec: TracingSpec | undefined): void {
    if (spec === undefined) return;
    const { endpoint, serviceName } = spec;
    const resource = resourceJson(serviceName, this.#instance);
    this.#target = { url: tracesUrl(endpoint), resource };
  }

  /** Takes what a worker tells. */
  add({ spans, count, dropped }: SpanReport): void {
    this.counts.dropped += dropped;
    const isFull =
      this.#spans + count > WAITING_SPANS_MAX || this.#chars + spans.length > WAITING_CHARS_MAX;
    if (isFull || this.#ended.signal.aborted) this.counts.dropped += count;
    else if (count > 0) {
      this.#waiting.push({ spans, count });
      this.#spans += count;
      this.#chars += spans.length;
      this.#running ??= this.#run();
    }
  }

  /** Sends what is left, if that can be done at once and soon. */
  async close(): Promise<void> {
    this.#hurry.abort();
    const running = this.#running ?? Promise.resolve();
    await orLate(running, CLOSE_MS, this.#deps.clock, () => undefined);
    this.#ended.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#deliver(this.#take());
    this.#running = undefined;
  }

  /** What goes with the next request. */
  #take(): Batch {
    const taken: string[] = [];
    let count = 0;
    for (const each of this.#waiting) {
      if (count > 0 && count + each.count > REQUEST_SPANS) break;
      taken.push(each.spans);
      count += each.count;
    }
    this.#waiting.splice(0, taken.length);
    const spans = taken.join(",");
    this.#spans -= count;
    this.#chars -= taken.reduce((sum, { length }) => sum + length, 0);
    return { spans, count };
  }

  async #deliver(batch: Batch): Promise<void> {
    const outcome = await this.#sendUntilTaken(batch);
    const rejected = outcome.kind === "taken" ? Math.min(outcome.rejected, batch.count) : 0;
    const lost = outcome.kind === "taken" ? rejected : batch.count;
    this.counts.dropped += lost;
    this.counts.exported += batch.count - lost;
    if (lost > 0) this.#complain(`${lost} spans were refused`);
  }

  async #sendUntilTaken(batch: Batch): Promise<ExportOutcome> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      if (this.#failures > 0) await this.#pauseAfterFailure();
      const outcome = await this.#send(batch);
      if (outcome.kind !== "again") {
        this.#failures = 0;
        return outcome;
      }
      this.#failures += 1;
      // At the end each batch has one try.
      if (this.#hurry.signal.aborted) break;
    }
    return { kind: "again" };
  }

  async #pauseAfterFailure(): Promise<void> {
    const { clock, random } = this.#deps;
    await pause(clock, doubledPauseMs(PAUSES, this.#failures, random), this.#hurry.signal);
  }

  async #send({ spans }: Batch): Promise<ExportOutcome> {
    const target = this.#target;
    if (target === undefined || this.#ended.signal.aborted) return { kind: "again" };
    const body = exportBody(target.resource, spans);
    const headers = { "content-type": "application/json" };
    const ask = { url: target.url, body, headers, timeoutMs: TIMEOUT_MS };
    try {
      const { status, text } = await askHttp(ask, this.#ended.signal);
      const outcome = exportOutcome(status, text);
      if (outcome.kind !== "taken") this.#complain(`status ${status}`);
      return outcome;
    } catch (error) {
      this.#complain(errorText(error));
      return { kind: "again" };
    }
  }

  #complain(why: string): void {
    const { clock, log } = this.#deps;
    if (clock.nowMs() - this.#saidMs < COMPLAINT_MS) return;
    this.#saidMs = clock.nowMs();
    log.warn("tracing.failed", { url: this.#target?.url ?? "", why, ...this.counts });
  }
}
