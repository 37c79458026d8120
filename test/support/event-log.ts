import type { ToldEvent } from "../../control/records/events.ts";
import type { TestSidecar } from "./sidecar.ts";

/** An event, and when it arrived here. */
export type ReceivedEvent = ToldEvent & { readonly atMs: number };

/** Everything that a sidecar tells through GET /v1/events from now on. */
export class EventLog {
  readonly events: ReceivedEvent[] = [];
  readonly #stop = new AbortController();

  /** Resolves when the stream is open. */
  static async open(sidecar: TestSidecar): Promise<EventLog> {
    const log = new EventLog();
    const signal = log.#stop.signal;
    const response = await fetch(`${sidecar.api}/v1/events`, { signal });
    if (response.body === null) throw new Error("The event stream has no body");
    void log.#read(response.body).catch(() => undefined);
    return log;
  }

  /** Those of one kind, in order. */
  of(kind: string): ReceivedEvent[] {
    return this.events.filter((event) => event.kind === kind);
  }

  close(): void {
    this.#stop.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines.filter((each) => each.startsWith("data: "))) {
        const event = JSON.parse(line.slice("data: ".length)) as ToldEvent;
        this.events.push({ ...event, atMs: performance.now() });
      }
    }
  }
}
