import type { ServerResponse } from "node:http";
import type { Clock } from "../../proxy/base/clock.ts";
import { SUBSCRIBERS_MAX } from "../records/events.ts";
import type { Events, ToldEvent } from "../records/events.ts";
import { tooManySubscribers } from "./api-errors.ts";
import type { StatsTicker } from "./stats-ticker.ts";
import { pause } from "../../proxy/base/clock.ts";

/** A comment this often tells both ends, and what is between them, that the stream is alive. */
export const HEARTBEAT_MS = 15_000;

/** A client that takes nothing for this long is cut off. It can resume with Last-Event-ID. */
const STALLED_MS = 4 * HEARTBEAT_MS;

type Stream = {
  readonly response: ServerResponse;
  /** Whether it goes on once everything that is kept has been sent. */
  readonly follow: boolean;
  /** Whether whoever reads it still may. */
  readonly mayRead: () => boolean;
  /** The last event that was written, or that the client has seen. */
  sentId: number;
  /** Since when it has taken nothing, as far as the heartbeat knows. undefined: it takes. */
  stalledSinceMs: number | undefined;
};

/** How a stream begins and goes on. */
export type StreamOptions = {
  /** The last event that the client has seen. undefined: only those from now on. */
  readonly lastEventId: string | undefined;
  /** Absent: it goes on. Otherwise it ends where "from now on" begins. */
  readonly follow?: boolean;
  /** Whether to tell how traffic goes, too. Absent: no. */
  readonly stats?: boolean;
  readonly mayRead: () => boolean;
};

/** Open responses of server-sent events (HTML standard, section 9.2). */
export class EventStreams {
  readonly #events: Events;
  readonly #clock: Clock;
  readonly #ticker: Pick<StatsTicker, "watch">;
  /** Tells this process's ids from those of an earlier process, which also counted from 1. */
  readonly #epoch: string;
  readonly #open = new Set<Stream>();

  constructor(events: Events, clock: Clock, ticker: Pick<StatsTicker, "watch">) {
    this.#events = events;
    this.#clock = clock;
    this.#ticker = ticker;
    this.#epoch = clock.wallMs().toString(36);
  }

  /**
   * Answers with every event from now on, after those that the client missed since `lastEventId`.
   * Where missed ones are no longer kept, a `gap` comes first. It ends when `mayRead` says no,
   * before anything more is told.
   * @throws ControlError too_many_subscribers
   */
  open(response: ServerResponse, options: StreamOptions): void {
    const { lastEventId, follow = true, stats = false, mayRead } = options;
    const { lastId: sentId } = this.#events;
    const stream: Stream = { response, follow, mayRead, sentId, stalledSinceMs: undefined };
    const leave = this.#events.subscribe(() => this.#send(stream));
    if (leave === undefined) throw tooManySubscribers(SUBSCRIBERS_MAX);
    const ended = new AbortController();
    this.#open.add(stream);
    response.once("close", () => {
      leave();
      this.#open.delete(stream);
      ended.abort();
    });
    // Without a handler a reset by the client would end the process; "close" follows.
    response.on("error", () => undefined);
    response.on("drain", () => {
      stream.stalledSinceMs = undefined;
      this.#send(stream);
    });
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.write(": connected\n\n");
    if (lastEventId !== undefined) this.#resume(stream, lastEventId);
    else if (!follow) response.end();
    if (stats && follow) this.#tellStats(stream);
    void this.#beat(stream, ended.signal);
  }

  /** Ends every stream, so that a server that waits for its connections can close. */
  close(): void {
    for (const { response } of this.#open) response.end();
  }

  /** Stats are old in a second: a client that is slow misses some, and they have no id. */
  #tellStats(stream: Stream): void {
    const { response } = stream;
    const leave = this.#ticker.watch((stats) => {
      if (response.destroyed || response.writableEnded || response.writableNeedDrain) return;
      if (stream.mayRead()) response.write(`event: stats\ndata: ${JSON.stringify(stats)}\n\n`);
      else response.end();
    });
    response.once("close", leave);
  }

  #resume(stream: Stream, lastEventId: string): void {
    const seen = this.#idOf(lastEventId);
    const isKnown = seen !== undefined && seen <= this.#events.lastId;
    if (isKnown && seen >= this.#events.forgottenId) stream.sentId = seen;
    else this.#tellGap(stream, lastEventId);
    this.#send(stream);
  }

  /** Some events are gone for this client; it gets those that are kept. */
  #tellGap(stream: Stream, lastEventId: string): void {
    const resumedAfter = this.#events.forgottenId;
    const data = JSON.stringify({ lastEventId, resumedAfter });
    stream.response.write(`event: gap\ndata: ${data}\n\n`);
    stream.sentId = resumedAfter;
  }

  /**
   * Writes what the client has not got yet, as fast as it takes it: what waits for a slow client
   * waits among the events that are kept for everybody.
   */
  #send(stream: Stream): void {
    const { response } = stream;
    if (response.destroyed || response.writableEnded || response.writableNeedDrain) return;
    if (!stream.mayRead()) {
      response.end();
      return;
    }
    if (stream.sentId < this.#events.forgottenId) {
      this.#tellGap(stream, `${this.#epoch}.${stream.sentId}`);
    }
    for (const event of this.#events.since(stream.sentId)) {
      if (response.destroyed || response.writableNeedDrain) return;
      response.write(this.#textOf(event));
      stream.sentId = event.id;
    }
    if (!stream.follow) response.end();
  }

  /** The number in `epoch.12`, or in `12`. undefined: of another process, or not an id. */
  #idOf(lastEventId: string): number | undefined {
    const [, epoch, digits] = /^(?:([0-9a-z]+)\.)?(\d{1,15})$/.exec(lastEventId) ?? [];
    const isOurs = epoch === undefined || epoch === this.#epoch;
    return digits !== undefined && isOurs ? Number(digits) : undefined;
  }

  #textOf(event: ToldEvent): string {
    const id = `${this.#epoch}.${event.id}`;
    return `id: ${id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
  }

  #isStalled(stream: Stream): boolean {
    const nowMs = this.#clock.nowMs();
    stream.stalledSinceMs ??= nowMs;
    return nowMs - stream.stalledSinceMs >= STALLED_MS;
  }

  async #beat(stream: Stream, signal: AbortSignal): Promise<void> {
    const { response } = stream;
    while (!signal.aborted) {
      await pause(this.#clock, HEARTBEAT_MS, signal);
      if (signal.aborted || response.writableEnded) return;
      if (!stream.mayRead()) {
        // What a client that takes nothing has not taken yet would hold the connection.
        if (response.writableNeedDrain) response.destroy();
        else response.end();
        return;
      }
      if (!response.writableNeedDrain) response.write(": alive\n\n");
      else if (this.#isStalled(stream)) response.destroy();
    }
  }
}
