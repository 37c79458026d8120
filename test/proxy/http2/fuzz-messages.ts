import fc from "fast-check";
import { linesBlock } from "../../../proxy/http2/encode-head.ts";
import type { BulkSource } from "../../../proxy/http2/frame-sink.ts";
import type { HeaderList } from "../../../proxy/http2/header-list.ts";
import type { Http2Stream, StreamOwner } from "../../../proxy/http2/stream.ts";

/** Fields by name; several of one name are joined, as Node does it. */
export type Fields = Readonly<Record<string, string>>;

/** One direction of an exchange. */
export type Message = {
  readonly fields: Fields;
  readonly body: readonly Buffer[];
  readonly trailers: Fields;
};

/** A request with its response. */
export type ScriptedExchange = {
  readonly method: string;
  readonly status: number;
  readonly request: Message;
  readonly response: Message;
};

/** What one side has seen of a message. */
export type Seen = { readonly fields: Fields; readonly body: string; readonly trailers: Fields };

const name = fc.stringMatching(/^x-[a-z0-9-]{1,20}$/);
const value = fc.stringMatching(/^[!-~](?:[ -~]{0,60}[!-~])?$/);
const longValue = value.map((text) => text.repeat(40));
const fields = fc.dictionary(name, fc.oneof({ weight: 9, arbitrary: value }, longValue), {
  maxKeys: 12,
  noNullPrototype: true,
});
const piece = fc
  .tuple(fc.constantFrom(0, 1, 100, 5000, 16_384, 70_000), fc.integer({ min: 97, max: 122 }))
  .map(([size, byte]) => Buffer.alloc(size, byte));
const message = fc.record({
  fields,
  body: fc.array(piece, { maxLength: 6 }),
  trailers: fc.oneof(fc.constant({}), fields),
});

/** Several exchanges, for one connection. */
export const exchanges: fc.Arbitrary<readonly ScriptedExchange[]> = fc.array(
  fc.record({
    method: fc.constantFrom("GET", "POST", "PUT", "PURGE"),
    status: fc.constantFrom(200, 201, 302, 404, 503),
    request: message,
    response: message,
  }),
  { minLength: 1, maxLength: 6 },
);

/** What should be seen of a message. */
export function asSeen({ fields: wanted, body, trailers }: Message): Seen {
  return { fields: wanted, body: summary(Buffer.concat(body).toString("latin1")), trailers };
}

/** Long texts as runs of one letter: shorter to compare, and to print. */
export function summary(text: string): string {
  return text.replaceAll(/(.)\1*/g, (run, letter: string) => `${letter}${run.length} `);
}

function fieldsOf({ fields: list, count }: HeaderList): Fields {
  const own = list.slice(0, count).filter((field) => field.name.startsWith("x-"));
  return Object.fromEntries(own.map((field) => [field.name, field.value]));
}

export function blockOf(some: Fields): string {
  return linesBlock(
    Object.entries(some)
      .map(([one, other]) => `${one}: ${other}\r\n`)
      .join(""),
  );
}

const SOURCE: BulkSource = {
  keep: (bytes, start, end) => bytes.subarray(start, end),
  releaseBuffer: () => undefined,
};

/** Our side of a stream: sends a message piece by piece, as far as it may, and sees another. */
export class FuzzedSide implements StreamOwner {
  #fields: Fields = {};
  #body = "";
  #trailers: Fields = {};
  #sent = 0;
  #isSent = false;
  #isSeen = false;
  #isDone = false;
  #stream: Http2Stream | undefined;
  readonly #message: Message;
  readonly #done: (seen: Seen | string) => void;
  readonly #endsLast: boolean;

  /**
   * `endsLast`: servers end what they send only when they have seen all. `done`: gets what was
   * seen, or why it was not, once both messages are over.
   */
  constructor(toSend: Message, endsLast: boolean, done: (seen: Seen | string) => void) {
    this.#message = toSend;
    this.#endsLast = endsLast;
    this.#done = done;
  }

  /** Its stream, whose head goes out with the first of its body. */
  begin(stream: Http2Stream, block: string): void {
    this.#stream = stream;
    stream.sendHead(block, false);
    this.#send();
  }

  /** The head of what is seen has come. */
  onFields(list: HeaderList, isEnd: boolean): void {
    this.#fields = fieldsOf(list);
    if (isEnd) this.#seen();
  }

  onHead({ list }: { readonly list: HeaderList }, isEnd: boolean): void {
    this.onFields(list, isEnd);
  }

  onInterim(): void {
    // Nobody sends one here.
  }

  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    this.#body += bytes.toString("latin1", start, end);
    // Used later: windows must not be filled by what nobody has used.
    if (isEnd) this.#seen();
    else setImmediate(() => this.#isSeen || this.#stream?.consumed(end - start));
  }

  onTrailers(trailers: HeaderList): void {
    this.#trailers = fieldsOf(trailers);
    this.#seen();
  }

  onUnblocked(): void {
    this.#send();
  }

  onReset(code: number, by: string): void {
    this.#stream?.release();
    this.#done(`reset ${code} by ${by}`);
  }

  /** Sends as much as may be. */
  #send(): void {
    const { body, trailers } = this.#message;
    const stream = this.#stream;
    if (stream === undefined || this.#isSent) return;
    while (this.#sent < body.length && !stream.blocked) {
      const bytes = body[this.#sent] as Buffer;
      this.#sent += 1;
      stream.relay(SOURCE, bytes, 0, bytes.length, false);
    }
    if (this.#sent < body.length || (this.#endsLast && !this.#isSeen)) return;
    this.#isSent = true;
    stream.end(blockOf(trailers));
    this.#finish();
  }

  #seen(): void {
    this.#isSeen = true;
    this.#send();
    this.#finish();
  }

  #finish(): void {
    if (!this.#isSent || !this.#isSeen || this.#isDone) return;
    this.#isDone = true;
    this.#stream?.release();
    this.#done({ fields: this.#fields, body: summary(this.#body), trailers: this.#trailers });
  }
}
