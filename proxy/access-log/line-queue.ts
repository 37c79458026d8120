import { LineBytes } from "./line-bytes.ts";

/**
 * Bytes of one chunk of a file: some hundred lines, one system call in another thread. With a
 * quarter of it the wake-ups of that thread cost as much as the lines.
 */
const FILE_CHUNK_BYTES = 256 * 1024;

/**
 * Bytes that a pipe takes in one piece however many write to it (PIPE_BUF of Linux, pipe(7)): so
 * the lines of several workers do not end up inside each other, unless one is longer than this.
 */
const PIPE_CHUNK_BYTES = 4_096;

/** Bytes that may wait to be written: lines beyond are dropped. */
export const WAITING_BYTES_MAX = 1024 * 1024;

/** Whole lines, to be written at once. */
export type Chunk = { readonly bytes: Buffer; length: number; lines: number };

/** Something that is a line. */
export interface LineSource {
  /** Writes it with its line feed, the same each time: where it finds no room it is asked again. */
  writeTo(bytes: LineBytes): void;
}

/** Lines that wait to be written, in chunks that are used again. Bounded: it says no when full. */
export class LineQueue {
  readonly #chunkBytes: number;
  readonly #chunks: Chunk[] = [];
  /** At the end of the last chunk. */
  readonly #end = new LineBytes();
  #spare: Chunk | undefined;
  #waitingBytes = 0;

  /** `isFile`: a whole chunk of any length is appended in one piece, as files do it. */
  constructor(isFile: boolean) {
    this.#chunkBytes = isFile ? FILE_CHUNK_BYTES : PIPE_CHUNK_BYTES;
  }

  /** false: there is no room. */
  add(line: LineSource): boolean {
    const last = this.#chunks.at(-1);
    if (last === undefined) return this.#begin(line, 0);
    const length = this.#written(line, last);
    if (this.#waitingBytes + length > WAITING_BYTES_MAX) return this.#refuse();
    if (last.length + length > last.bytes.length) return this.#begin(line, length);
    return this.#keep(last, length);
  }

  /** Nothing waits. */
  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** There is enough to be written without waiting for more. */
  get isRipe(): boolean {
    return this.#chunks.length > 1;
  }

  /** The lines that came first. undefined: none wait. `recycle` follows. */
  take(): Chunk | undefined {
    return this.#chunks.shift();
  }

  /** They are written, or lost. */
  recycle(chunk: Chunk): void {
    this.#waitingBytes -= chunk.length;
    if (chunk.bytes.length !== this.#chunkBytes) return;
    chunk.length = 0;
    chunk.lines = 0;
    this.#spare = chunk;
  }

  /** Another chunk, with this line, of which it is known that it has so many bytes or more. */
  #begin(line: LineSource, knownBytes: number): boolean {
    const chunk = this.#freshChunk(knownBytes);
    this.#end.begin(chunk.bytes);
    const length = this.#written(line, chunk);
    if (length > chunk.bytes.length) return this.#begin(line, length);
    if (this.#waitingBytes + length > WAITING_BYTES_MAX) return this.#refuse();
    this.#chunks.push(chunk);
    return this.#keep(chunk, length);
  }

  /** In bytes, whether there was room for it or not. */
  #written(line: LineSource, chunk: Chunk): number {
    this.#end.length = chunk.length;
    line.writeTo(this.#end);
    return this.#end.length - chunk.length;
  }

  #keep(chunk: Chunk, length: number): boolean {
    chunk.length += length;
    chunk.lines += 1;
    this.#waitingBytes += length;
    return true;
  }

  /** The next line will be written over this one. */
  #refuse(): boolean {
    this.#end.forget();
    return false;
  }

  #freshChunk(length: number): Chunk {
    const spare = length <= this.#chunkBytes ? this.#spare : undefined;
    if (spare !== undefined) {
      this.#spare = undefined;
      return spare;
    }
    const bytes = Buffer.alloc(Math.max(length, this.#chunkBytes));
    return { bytes, length: 0, lines: 0 };
  }
}
