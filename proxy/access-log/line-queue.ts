/** Bytes of one chunk of a file: some hundred lines, one system call. */
const FILE_CHUNK_BYTES = 64 * 1024;

/**
 * Bytes that a pipe takes in one piece however many write to it (PIPE_BUF of Linux, pipe(7)): so
 * the lines of several workers do not end up inside each other, unless one is longer than this.
 */
const PIPE_CHUNK_BYTES = 4_096;

/** Bytes that may wait to be written: lines beyond are dropped. */
export const WAITING_BYTES_MAX = 1024 * 1024;

/** Whole lines, to be written at once. */
export type Chunk = { readonly bytes: Buffer; length: number; lines: number };

/** Lines that wait to be written, in chunks that are used again. Bounded: it says no when full. */
export class LineQueue {
  readonly #chunkBytes: number;
  readonly #chunks: Chunk[] = [];
  #spare: Chunk | undefined;
  #waitingBytes = 0;

  /** `isFile`: a whole chunk of any length is appended in one piece, as files do it. */
  constructor(isFile: boolean) {
    this.#chunkBytes = isFile ? FILE_CHUNK_BYTES : PIPE_CHUNK_BYTES;
  }

  /** Takes a line in ASCII. false: there is no room. */
  add(line: string): boolean {
    if (this.#waitingBytes + line.length > WAITING_BYTES_MAX) return false;
    const chunk = this.#chunkFor(line.length);
    chunk.length += chunk.bytes.write(line, chunk.length, "latin1");
    chunk.lines += 1;
    this.#waitingBytes += line.length;
    return true;
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

  #chunkFor(length: number): Chunk {
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.length + length <= last.bytes.length) return last;
    const chunk = this.#freshChunk(length);
    this.#chunks.push(chunk);
    return chunk;
  }

  #freshChunk(length: number): Chunk {
    const spare = length <= this.#chunkBytes ? this.#spare : undefined;
    if (spare !== undefined) {
      this.#spare = undefined;
      return spare;
    }
    const bytes = Buffer.allocUnsafeSlow(Math.max(length, this.#chunkBytes));
    return { bytes, length: 0, lines: 0 };
  }
}
