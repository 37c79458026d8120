import { LateReads } from "./late-reads.ts";
import type { StreamHandle } from "./stream-handles.ts";
import { endIsProven } from "./tls-handles.ts";
import type { TlsHandle } from "./tls-handles.ts";
import type { TransportHandler } from "./transport.ts";

/** Is told what was read. */
export interface ReadOwner {
  /** Its onData() gets what was read. */
  readonly handler: Pick<TransportHandler, "onData">;
  /** The peer has ended its side. */
  onReadEnded(): void;
}

/**
 * Reads from a TLSWrap. One read from the kernel may become several, even after the reader has
 * paused; those are kept back.
 */
export class TlsReader {
  /** The peer's end has been reported. */
  ended = false;
  /** See Transport.endIsProven. */
  endIsProven = false;
  isPaused = false;
  readonly #owner: ReadOwner;
  readonly #late = new LateReads();
  /** undefined: not yet, or no more. */
  #tls: TlsHandle | undefined;
  #below: StreamHandle | undefined;
  /** Kept reads are about to be passed on. */
  #isResuming = false;

  constructor(owner: ReadOwner) {
    this.#owner = owner;
  }

  /** Begins. */
  open(tls: TlsHandle, below: StreamHandle): void {
    this.#tls = tls;
    this.#below = below;
  }

  /** Ends: nothing more is passed on. */
  close(): void {
    this.#tls = undefined;
    this.#below = undefined;
    this.#late.clear();
  }

  /** See Transport.pause(). */
  pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.#tls?.readStop();
  }

  /** See Transport.resume(). What was kept back follows after the caller has returned. */
  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.#late.isEmpty) return this.#readOn();
    if (!this.#isResuming) setImmediate(() => this.#tellLate());
    this.#isResuming = true;
    return undefined;
  }

  /** Called for each read, with bytes[0, end). */
  read(bytes: Buffer, end: number): void {
    if (this.#isHeld) this.#late.add(bytes, end);
    else this.#owner.handler.onData(bytes, end);
  }

  /** Called when the end is read. */
  readEnd(): void {
    // While nothing is read from the kernel, it cannot be a FIN.
    this.endIsProven = this.#isHeld || (this.#below !== undefined && endIsProven(this.#below));
    if (this.#isHeld) this.#late.hasEnd = true;
    else this.#tellEnd();
  }

  get #isHeld(): boolean {
    return this.isPaused || !this.#late.isEmpty;
  }

  #readOn(): void {
    if (!this.ended) this.#tls?.readStart();
  }

  #tellLate(): void {
    this.#isResuming = false;
    while (!this.isPaused && this.#tls !== undefined) {
      const bytes = this.#late.next();
      if (bytes === undefined) break;
      this.#owner.handler.onData(bytes, bytes.length);
    }
    if (this.isPaused || this.#tls === undefined) return;
    if (this.#late.hasEnd) this.#tellEnd();
    else this.#readOn();
  }

  #tellEnd(): void {
    this.ended = true;
    this.#late.clear();
    this.#owner.onReadEnded();
  }
}
