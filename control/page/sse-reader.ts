/** One event of a stream. */
export type SseEvent = {
  /** What stands after `event:`; `message` if nothing does. */
  readonly name: string;
  readonly data: string;
  /** undefined: it has none, and cannot be resumed after. */
  readonly id: string | undefined;
};

/** Longest line that is kept: an event of a large table takes part of that. */
const LINE_LENGTH_MAX = 4 * 1024 * 1024;

/**
 * Reads server-sent events (HTML standard, section 9.2.6) from text as it arrives. The browser's
 * own EventSource cannot send a token.
 */
export class SseReader {
  #rest = "";
  #name = "";
  #data: string[] = [];
  #id: string | undefined;

  /** The events that are whole after this piece of text. @throws Error when a line has no end. */
  feed(text: string): readonly SseEvent[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > LINE_LENGTH_MAX) {
      throw new Error(`Cannot read events: wanted lines of at most ${LINE_LENGTH_MAX} characters`);
    }
    return lines.flatMap((line) => this.#take(line.endsWith("\r") ? line.slice(0, -1) : line));
  }

  #take(line: string): readonly SseEvent[] {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id") this.#id = value;
    return [];
  }

  #end(): readonly SseEvent[] {
    const name = this.#name === "" ? "message" : this.#name;
    const event = { name, data: this.#data.join("\n"), id: this.#id };
    const isEmpty = this.#data.length === 0;
    this.#name = "";
    this.#data = [];
    this.#id = undefined;
    return isEmpty ? [] : [event];
  }
}
