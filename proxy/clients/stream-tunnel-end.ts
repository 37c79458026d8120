import { ErrorCode } from "../http2/error-codes.ts";
import type { Peer } from "../transport/peer.ts";
import { SILENT_HANDLER } from "../transport/silent-handler.ts";
import type { ByteSource, Transport, TransportHandler } from "../transport/transport.ts";
import type { OpenTunnel, TunnelClient } from "../tunnel/tunnel-ends.ts";
import type { StreamResponses } from "./stream-responses.ts";

/** Whose stream it is. */
export type TunnelEndOwner = {
  readonly begun: (tunnel: OpenTunnel) => void;
  readonly ended: () => void;
};

/** The client has reset the stream of a tunnel, or lost its connection. */
class StreamLostError extends Error {
  readonly code = "stream_lost";

  constructor() {
    super("The stream of the tunnel was reset");
  }
}

/**
 * A stream of HTTP/2 as the client's end of a tunnel (RFC 8441 section 5): DATA frames are its
 * bytes, END_STREAM is its FIN and RST_STREAM its reset. It cannot leave its connection.
 */
export class StreamTunnelEnd implements Transport, TunnelClient {
  /** Until there is a tunnel, which hears of it. */
  handler: TransportHandler = SILENT_HANDLER;
  readonly peer: Peer;
  closed = false;
  ended = false;
  readonly endIsProven = true;
  readonly lost = false;
  readonly staysHere = true;
  readonly detachable = false;
  readonly #stream: StreamResponses;
  readonly #owner: TunnelEndOwner;
  /** What came before the tunnel; the client's window bounds it. */
  #held: Buffer | undefined;
  #hasTunnel = false;
  #isEnding = false;

  constructor(stream: StreamResponses, peer: Peer, owner: TunnelEndOwner) {
    this.#stream = stream;
    this.peer = peer;
    this.#owner = owner;
  }

  get transport(): this {
    return this;
  }

  get blocked(): boolean {
    return !this.closed && this.#stream.blocked;
  }

  get whole(): boolean {
    return !this.closed && !this.ended && !this.#isEnding;
  }

  becomeTunnel(tunnel: OpenTunnel): Buffer | undefined {
    const held = this.#held;
    this.handler = tunnel;
    this.#hasTunnel = true;
    this.#held = undefined;
    this.#owner.begun(tunnel);
    return held;
  }

  tunnelEnded(): void {
    this.#owner.ended();
  }

  offer(): void {
    // It stays here.
  }

  /** bytes[start, end) came. */
  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    this.ended ||= isEnd;
    if (!this.#hasTunnel) return this.#hold(bytes.subarray(start, end));
    if (end > start && !this.closed) {
      this.handler.onData(bytes.subarray(start, end), end - start);
    }
    if (!isEnd || this.closed) return undefined;
    this.handler.onEnd();
    return this.#closeIfEnded();
  }

  /** The stream is gone. */
  onReset(): void {
    this.#close(new StreamLostError());
  }

  write(text: string): void {
    if (!this.closed) this.#stream.send("", text);
  }

  flush(): void {
    // Frames of a turn go out together.
  }

  relay(source: ByteSource, head: string, bytes: Buffer, start: number, end: number): void {
    this.write(head);
    if (!this.closed) this.#stream.relay(source, "", bytes, start, end);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    if (!this.closed) this.#stream.resume();
  }

  end(): void {
    if (this.closed || this.#isEnding) return;
    this.#isEnding = true;
    this.#stream.finish("");
    this.#closeIfEnded();
  }

  destroy(): void {
    if (this.closed) return;
    this.#stream.reset(ErrorCode.cancel);
    this.#close(undefined);
  }

  reset(): void {
    this.destroy();
  }

  keepAlive(): void {
    // Its connection has its own.
  }

  detach(): undefined {
    return undefined;
  }

  keep(bytes: Buffer, start: number, end: number): Buffer {
    return this.#stream.keep(bytes, start, end);
  }

  releaseBuffer(): void {
    // What it keeps is a copy.
  }

  #hold(piece: Buffer): void {
    this.#stream.pause();
    this.#held = Buffer.concat([this.#held ?? piece.subarray(0, 0), piece]);
  }

  #closeIfEnded(): void {
    if (this.ended && this.#isEnding) this.#close(undefined);
  }

  /** Nothing is called back before the call that closes it has returned. */
  #close(error: Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    setImmediate(() => this.handler.onClose(error));
  }
}
