import { WriteBatch } from "./write-batch.ts";

/** Size of a read buffer: the most that one read can return. */
export const READ_BYTES = 64 * 1024;
/** Most buffers kept for reuse; the garbage collector takes the rest. */
const SPARE_MAX = 64;

/**
 * The memory that sockets are read into. All sockets of a worker share one buffer, because what is
 * read is used up before the next read; a socket that moves bulk borrows one of its own, so that a
 * chunk may stay where it is until the other side has taken it.
 */
export class ReadBuffers {
  /** What waits to be written to the same sockets. */
  readonly writes = new WriteBatch();
  readonly shared: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #spare: Buffer[] = [];

  borrow(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
  }

  /** Takes back a buffer that nobody reads into or writes from any more. */
  giveBack(buffer: Buffer): void {
    if (this.#spare.length < SPARE_MAX) this.#spare.push(buffer);
  }
}
