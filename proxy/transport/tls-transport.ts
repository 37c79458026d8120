import { constants } from "node:os";
import { Dial } from "./dial.ts";
import type { DialOwner } from "./dial.ts";
import type { WriteOwner } from "./handle-writer.ts";
import type { ReadBuffers } from "./read-buffers.ts";
import { streamHandles } from "./stream-handles.ts";
import type { StreamHandle } from "./stream-handles.ts";
import { systemError } from "./system-error.ts";
import { HandshakeAbortedError } from "./tls-errors.ts";
import { whenBroken } from "./tls-handles.ts";
import type { TlsHandle } from "./tls-handles.ts";
import { TlsHandshake } from "./tls-handshake.ts";
import type { TlsSide } from "./tls-handshake.ts";
import { TlsReader } from "./tls-reader.ts";
import type { ReadOwner } from "./tls-reader.ts";
import { TlsWriter } from "./tls-writer.ts";
import type { ByteSource, ConnectTarget, TransportHandler, WireTransport } from "./transport.ts";

/** As in HandleTransport. */
const END_OF_FILE = -4095;
const NOT_CONNECTED = -constants.errno.ENOTCONN;

/** Empty without streamHandles; then no TlsTransport is made. */
const { streamBaseState, kReadBytesOrError } =
  streamHandles ?? ({} as NonNullable<typeof streamHandles>);

type Owned = TlsHandle & { transport?: TlsTransport | undefined };

/**
 * TLS directly on Node's TLSWrap above its streams, without the sockets around them. The handler's
 * onConnect is called when the handshake is over and the peer was judged; before that, only onClose
 * can be.
 */
export class TlsTransport implements WireTransport, DialOwner, WriteOwner, ReadOwner {
  handler: TransportHandler;
  readonly #buffers: ReadBuffers;
  readonly writer: TlsWriter;
  readonly #reader = new TlsReader(this);
  /** undefined: connecting, or closed. */
  #tls: Owned | undefined;
  #below: StreamHandle | undefined;
  #dialling: Dial | undefined;
  readonly #handshake: TlsHandshake;
  #error: Error | undefined;

  constructor(side: TlsSide, buffers: ReadBuffers, handler: TransportHandler) {
    this.#handshake = new TlsHandshake(side);
    this.#buffers = buffers;
    this.writer = new TlsWriter(buffers.writes, this);
    this.handler = handler;
  }

  /** Takes over an established connection. `read`: what was already read of it. */
  begin(below: StreamHandle, read?: Buffer): this {
    const tls: Owned = this.#handshake.wrap(below);
    this.#below = below;
    this.#tls = tls;
    tls.transport = this;
    tls.onread = onRead;
    tls.onhandshakedone = () => this.#handshake.shaken(() => this.#judge());
    whenBroken(tls, (error) => this.#broken(error));
    tls.useUserBuffer(this.#buffers.shared);
    this.#reader.open(tls, below);
    this.writer.open(tls, below);
    this.#handshake.begin(tls, read);
    return this;
  }

  /** Opens a connection; onConnect or onClose follows. */
  dial(target: ConnectTarget): this {
    this.#dialling = new Dial(target, this);
    return this;
  }

  get blocked(): boolean {
    return this.writer.blocked;
  }

  get closed(): boolean {
    return this.#tls === undefined && this.#dialling === undefined;
  }

  get ended(): boolean {
    return this.#reader.ended;
  }

  get endIsProven(): boolean {
    return this.#reader.endIsProven;
  }

  get whole(): boolean {
    return this.#handshake.isOver && !this.closed && !this.ended && this.writer.whole;
  }

  get lost(): boolean {
    return this.#reader.isPaused && this.#below?.getpeername?.({}) === NOT_CONNECTED;
  }

  /** The keys are inside OpenSSL, which does not give them away. */
  readonly staysHere = true;
  readonly detachable = false;

  write(text: string): void {
    this.writer.write(text);
  }

  flush(): void {
    this.writer.flush();
  }

  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void {
    this.writer.relay(source, head, bytes, start, end);
  }

  /** A copy: even while paused, more may be read before the other side has taken this. */
  keep(bytes: Buffer, start: number, end: number): Buffer {
    return Buffer.from(bytes.subarray(start, end));
  }

  releaseBuffer(): void {
    // It has no buffer of its own.
  }

  pause(): void {
    this.#reader.pause();
  }

  resume(): void {
    this.#reader.resume();
  }

  end(): void {
    this.writer.end();
  }

  destroy(): void {
    this.flush();
    this.#release()?.close(() => this.handler.onClose(this.#error));
  }

  reset(): void {
    this.flush();
    const onClose = (): void => this.handler.onClose(this.#error);
    const below = this.#release();
    if (below !== undefined && below.reset?.(onClose) !== 0) below.close(onClose);
  }

  keepAlive(afterMs: number): void {
    this.#below?.setKeepAlive?.(true, Math.ceil(afterMs / 1_000), undefined, undefined);
  }

  detach(): undefined {
    return undefined;
  }

  /** Called by Node for each read, as HandleTransport.onRead(). */
  onResult(result: number): void {
    // The first byte after the handshake may come in the turn that ends it.
    this.#judge();
    if (this.#tls === undefined || result === 0) return;
    if (result > 0) this.#reader.read(this.#buffers.shared, result);
    else if (result !== END_OF_FILE) this.#fail(systemError(result, "read"));
    else if (this.#handshake.isOver) this.#reader.readEnd();
    else this.#fail(new HandshakeAbortedError());
  }

  onReadEnded(): void {
    if (!this.writer.wasReset) this.handler.onEnd();
    if (this.writer.ended || this.writer.failed) this.destroy();
  }

  onWritten(): void {
    this.handler.onFlushed();
  }

  onWriteEnded(): void {
    if (this.#reader.ended) this.destroy();
  }

  /** See HandleTransport.onWriteFailed(). */
  onWriteFailed(errno: number): void {
    this.#error ??= systemError(errno, "write");
    if (!this.#handshake.isOurs) this.destroy();
  }

  onDialled(below: StreamHandle): void {
    this.#dialling = undefined;
    this.begin(below);
  }

  onDialFailed(error: Error | undefined): void {
    this.#dialling = undefined;
    this.handler.onClose(error);
  }

  /** When the handshake is over: asks whether the peer is accepted. */
  #judge(): void {
    if (this.#tls === undefined || !this.#handshake.isDue) return;
    const problem = this.#handshake.judge(this.#tls);
    if (problem === undefined) this.handler.onConnect();
    else this.#fail(problem);
  }

  /** Marks it as closed. Returns what must be closed. */
  #release(): StreamHandle | undefined {
    const tls = this.#tls;
    const below = this.#below;
    this.#dialling?.cancel();
    this.#dialling = undefined;
    this.#tls = undefined;
    this.#below = undefined;
    this.#reader.close();
    this.writer.close();
    if (tls !== undefined) {
      tls.transport = undefined;
      // This may run inside one of OpenSSL's callbacks.
      setImmediate(() => tls.destroySSL());
    }
    return below;
  }

  /** OpenSSL cannot go on. It has sent its alert. */
  #broken(error: NodeJS.ErrnoException): void {
    const answer = this.#handshake.answerTo(error);
    if (answer !== "") this.#below?.writeLatin1String(null, answer);
    this.#fail(error);
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }
}

/** One function for all handles. */
function onRead(this: StreamHandle): undefined {
  (this as Owned).transport?.onResult(streamBaseState[kReadBytesOrError] as number);
}
