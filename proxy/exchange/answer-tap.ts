import { latin1 } from "../base/latin1.ts";
import { ChunkDecoder } from "../http1/chunk-decoder.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { hash32 } from "../table/hash.ts";

/** Most bytes of a body that are compared; of longer ones only that they are longer. */
const BODY_BYTES_MAX = 64 * 1024;

/** Most fields of one answer that are compared. */
const FIELDS_MAX = 128;

/** Any number: it only has to be the same for both. */
const SEED = 0x3c6ef372;

/** Listens to an answer: what is needed to compare it with another, and nothing else. */
export class AnswerTap {
  status = 0;
  /** Hashes of values by name, in lower case; several lines of a name count as one. */
  readonly fields = new Map<string, number>();
  /** The body without chunks, as latin1 text, up to BODY_BYTES_MAX. */
  body = "";
  /** Its length. */
  bytes = 0;
  /** All of it has come. */
  isWhole = false;
  readonly #onWhole: () => void;
  #decoder: ChunkDecoder | undefined;

  constructor(onWhole: () => void) {
    this.#onWhole = onWhole;
  }

  /** The body is all here that is compared. */
  get isComparable(): boolean {
    return this.bytes === this.body.length;
  }

  /** The head of the answer. `toHead`: to a request of HEAD. */
  begin(head: ResponseHead, toHead: boolean): void {
    this.status = head.status;
    this.#decoder = head.framingFor(toHead) === "chunked" ? new ChunkDecoder() : undefined;
    const { fields } = head;
    for (let index = 0; index < Math.min(fields.count, FIELDS_MAX); index += 1) {
      const name = fields.name(index).toLowerCase();
      this.fields.set(name, hash32(fields.value(index), this.fields.get(name) ?? SEED));
    }
  }

  /** bytes[start, end) of it as it comes. */
  add(bytes: Buffer, start: number, end: number): void {
    if (end <= start) return;
    const text = this.#decoder?.decode(bytes, start, end) ?? latin1(bytes, start, end);
    this.bytes += text.length;
    if (this.bytes <= BODY_BYTES_MAX) this.body += text;
  }

  end(): void {
    this.isWhole = true;
    this.#onWhole();
  }
}
