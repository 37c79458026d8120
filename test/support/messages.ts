import { BodyScanner } from "../../proxy/http1/body-scanner.ts";
import { ChunkDecoder } from "../../proxy/http1/chunk-decoder.ts";
import type { FieldLines } from "../../proxy/http1/field-lines.ts";
import { Field } from "../../proxy/http1/field-names.ts";
import type { BodyFraming } from "../../proxy/http1/framing.ts";
import { MORE, REFUSED } from "../../proxy/http1/limits.ts";
import type { RejectReason } from "../../proxy/http1/refusal.ts";
import { RequestHead } from "../../proxy/http1/request-head.ts";
import { ResponseHead } from "../../proxy/http1/response-head.ts";
import { intolerable } from "../../proxy/table/tolerance.ts";
import type { Reading } from "./llhttp.ts";

/** What our parser made of a stream of messages. */
export type Stream = {
  readonly readings: readonly Reading[];
  /** Why it stopped. undefined: the bytes ended, or there is nothing more to read. */
  readonly refused: RejectReason | undefined;
  /** Whether nothing says that the connection ends after what was read. */
  readonly goesOn: boolean;
  /** Where the first line of each message that was read begins. */
  readonly starts: readonly number[];
  /** What may be passed on of the bodies, framing included. */
  readonly forwarded: string;
};

/** What the two kinds of heads have in common, with what a proxy would do after them. */
type Side = {
  readonly head: RequestHead | ResponseHead;
  readonly start: () => string;
  /** Bytes before the message's first line. */
  readonly before: () => number;
  readonly framing: () => BodyFraming;
  /** Whether another message may follow on the connection. */
  readonly goesOn: () => boolean;
};

/** Reads requests as a proxy would, in pieces that end at the `cuts`. */
export function readRequests(bytes: Buffer, cuts: readonly number[] = []): Stream {
  const head = new RequestHead();
  return readStream(bytes, cuts, {
    head,
    start: () => `${head.method} ${head.target} ${head.version}`,
    before: () => head.line.start,
    framing: () => head.framing,
    // When we ignore an Upgrade, what follows is HTTP; node:http throws it away.
    goesOn: () => head.keepAlive && !head.fields.has(Field.upgrade),
  });
}

/** Reads the interim responses and the final one to one request, in pieces. */
export function readResponses(
  bytes: Buffer,
  method: "GET" | "HEAD",
  cuts: readonly number[] = [],
): Stream {
  const head = new ResponseHead();
  return readStream(bytes, cuts, {
    head,
    start: () => `${head.version} ${head.status} ${reasonOf(head)}`,
    before: () => 0,
    framing: () => head.framingFor(method === "HEAD"),
    // llhttp ignores what follows a 1xx with Connection: close; RFC 9112 9.6 does not.
    goesOn: () => head.status < 200 && head.status !== 101 && head.keepAlive,
  });
}

function reasonOf(head: ResponseHead): string {
  return head.fields.text.slice(head.reasonStart + 1, head.fields.start - 2);
}

function readStream(bytes: Buffer, cuts: readonly number[], side: Side): Stream {
  const reader = new Reader(side);
  const ends = [...cuts].filter((cut) => cut < bytes.length).toSorted((one, two) => one - two);
  let from = 0;
  for (const to of [...ends, bytes.length]) {
    reader.take(bytes.subarray(from, to));
    from = to;
  }
  return reader.finish();
}

const FRAMING_LINE = /^(?:content-length|transfer-encoding):/im;

/** A different place for every piece, between bytes that must not be looked at. */
function moved(bytes: Buffer): { readonly room: Buffer; readonly start: number } {
  const start = 1 + (bytes.length % 7);
  const room = Buffer.alloc(start + bytes.length + 5, "\n");
  room.set(bytes, start);
  return { room, start };
}

class Reader {
  readonly #side: Side;
  readonly #scanner = new BodyScanner();
  #decoder = new ChunkDecoder();
  readonly #readings: Reading[] = [];
  readonly #starts: number[] = [];
  /** Bytes of whole heads and of bodies so far. */
  #readBytes = 0;
  #heldHead = Buffer.alloc(0);
  #reading: Reading | undefined;
  #refused: RejectReason | undefined;
  #forwarded = "";
  #sentTrailers = "";
  #ended = false;

  constructor(side: Side) {
    this.#side = side;
    side.head.reset();
  }

  take(piece: Buffer): void {
    let rest = piece;
    while (rest.length > 0 && !this.#ended) {
      rest = this.#reading === undefined ? this.#takeHead(rest) : this.#takeBody(rest);
    }
  }

  finish(): Stream {
    if (this.#reading !== undefined && this.#scanner.endsWithConnection) {
      this.#reading.complete = true;
    }
    return {
      readings: this.#readings,
      refused: this.#refused,
      goesOn: !this.#ended,
      starts: this.#starts,
      forwarded: this.#refused === undefined ? this.#forwarded : "",
    };
  }

  #takeHead(piece: Buffer): Buffer {
    const { head } = this.#side;
    const bytes = Buffer.concat([this.#heldHead, piece]);
    const { room, start } = moved(bytes);
    const length = head.parse(room, start, start + bytes.length);
    if (length === MORE) {
      this.#heldHead = bytes;
      return Buffer.alloc(0);
    }
    if (length === REFUSED) {
      return this.#refuse(head.refusal?.reason);
    }
    // Nothing is tolerated here, not even what a service may tolerate.
    const broken = intolerable(head.violations, 0);
    if (broken !== undefined) {
      return this.#refuse(broken);
    }
    room.fill("\n");
    this.#heldHead = Buffer.alloc(0);
    this.#starts.push(this.#readBytes + this.#side.before());
    this.#readBytes += length;
    this.#beginBody();
    return bytes.subarray(length);
  }

  #beginBody(): void {
    const { head, start, framing } = this.#side;
    const fields = pairs(head.fields);
    this.#reading = { start: start(), fields, body: "", trailers: [], complete: false };
    this.#readings.push(this.#reading);
    this.#scanner.begin(framing(), head.contentLength, true, 0);
    this.#decoder = new ChunkDecoder();
    this.#endIfDone();
  }

  #takeBody(piece: Buffer): Buffer {
    const { room, start } = moved(piece);
    const reading = this.#reading as Reading;
    const end = this.#scanner.scan(room, start, start + piece.length);
    if (end === REFUSED) {
      // How much was read before a refusal depends on where the cuts are.
      reading.body = "";
      return this.#refuse(this.#scanner.refusal?.reason);
    }
    reading.body +=
      this.#side.framing() === "chunked"
        ? this.#decoder.decode(room, start, end)
        : room.toString("latin1", start, end);
    const { forwardEnd, tail } = this.#scanner;
    this.#forwarded += room.toString("latin1", start, forwardEnd) + tail;
    this.#sentTrailers += room.toString("latin1", forwardEnd, end);
    reading.trailers = trailersIn(tail);
    this.#endIfDone();
    this.#readBytes += end - start;
    return piece.subarray(end - start);
  }

  #endIfDone(): void {
    if (!this.#scanner.done || this.#reading === undefined) {
      return;
    }
    // We drop framing fields in trailers (RFC 9110 section 6.5.1); llhttp refuses some of them.
    const hasFraming = FRAMING_LINE.test(this.#sentTrailers);
    this.#reading.complete = hasFraming ? undefined : true;
    this.#reading = undefined;
    this.#sentTrailers = "";
    this.#ended = hasFraming || !this.#side.goesOn();
    this.#side.head.reset();
  }

  #refuse(reason: RejectReason | undefined): Buffer {
    this.#refused = reason;
    this.#ended = true;
    return Buffer.alloc(0);
  }
}

function pairs(fields: FieldLines): string[] {
  return Array.from({ length: fields.count }, (_, index) => [
    fields.name(index),
    fields.value(index),
  ]).flat();
}

function trailersIn(tail: string): string[] {
  return tail
    .split("\r\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).replaceAll(/^[ \t]+|[ \t]+$/g, "")];
    });
}
