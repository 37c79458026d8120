import type { ServerResponse } from "node:http";
import type { Clock } from "../../proxy/base/clock.ts";
import { SUBSCRIBERS_MAX } from "../records/events.ts";
import type { Events, ToldEvent } from "../records/events.ts";
import { tooManySubscribers } from "./api-errors.ts";
import { pause } from "../../proxy/base/clock.ts";

/** A comment this often tells both ends, and what is between them, that the stream is alive. */
export const HEARTBEAT_MS = 15_000;

/**
 * Unsent bytes of one stream. A client that is further behind is cut off and can resume with
 * Last-Event-ID.
 */
export const UNSENT_BYTES_MAX = 1024 * 1024;

/** Open responses of server-sent events (HTML standard, section 9.2). */
export class EventStreams {
  readonly #events: Events;
  readonly #clock: Clock;
  /** Tells this process's ids from those of an earlier process, which also counted from 1. */
  readonly #epoch: string;
  readonly #open = new Set<ServerResponse>();

  constructor(events: Events, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
    this.#epoch = clock.wallMs().toString(36);
  }

  /**
   * Answers with every event from now on, after those that the client missed since `lastEventId`.
   * undefined: only those from now on. Where missed ones are no longer kept, a `gap` comes first.
   * @throws ControlError too_many_subscribers
   */
  open(response: ServerResponse, lastEventId: string | undefined): void {
    const leave = this.#events.subscribe((event) => this.#send(response, event));
    if (leave === undefined) throw tooManySubscribers(SUBSCRIBERS_MAX);
    const ended = new AbortController();
    this.#open.add(response);
    response.once("close", () => {
      leave();
      this.#open.delete(response);
      ended.abort();
    });
    // Without a handler a reset by the client would end the process; "close" follows.
    response.on("error", () => undefined);
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    response.write(": connected\n\n");
    if (lastEventId !== undefined) this.#resume(response, lastEventId);
    void this.#beat(response, ended.signal);
  }

  /** Ends every stream, so that a server that waits for its connections can close. */
  close(): void {
    for (const response of this.#open) response.end();
  }

  #resume(response: ServerResponse, lastEventId: string): void {
    const forgotten = this.#events.forgottenId;
    const seen = this.#idOf(lastEventId);
    if (seen === undefined || seen < forgotten || seen > this.#events.lastId) {
      const data = JSON.stringify({ lastEventId, resumedAfter: forgotten });
      write(response, `event: gap\ndata: ${data}\n\n`);
      for (const event of this.#events.since(forgotten)) this.#send(response, event);
      return;
    }
    for (const event of this.#events.since(seen)) this.#send(response, event);
  }

  /** The number in `epoch.12`, or in `12`. undefined: of another process, or not an id. */
  #idOf(lastEventId: string): number | undefined {
    const [, epoch, digits] = /^(?:([0-9a-z]+)\.)?(\d{1,15})$/.exec(lastEventId) ?? [];
    const isOurs = epoch === undefined || epoch === this.#epoch;
    return digits !== undefined && isOurs ? Number(digits) : undefined;
  }

  #send(response: ServerResponse, event: ToldEvent): void {
    const id = `${this.#epoch}.${event.id}`;
    write(response, `id: ${id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  async #beat(response: ServerResponse, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#clock, HEARTBEAT_MS, signal);
      if (!signal.aborted) write(response, ": alive\n\n");
    }
  }
}

/** Writes to a client that keeps up; cuts off one that does not. */
function write(response: ServerResponse, text: string): void {
  if (response.destroyed) return;
  response.write(text);
  if (response.writableLength > UNSENT_BYTES_MAX) response.destroy();
}
