import { Duplex } from "node:stream";
import { Http2Connection } from "../../../proxy/http2/connection.ts";
import type { Http2Owner } from "../../../proxy/http2/connection-core.ts";
import type { WriteParts } from "../../../proxy/base/write-parts.ts";
import type { FrameSink } from "../../../proxy/http2/frame-sink.ts";
import type { Http2Role } from "../../../proxy/http2/settings.ts";

/** So little that it is often full: then the codec must wait. */
const BUFFERED_BYTES = 32 * 1024;

/** A connection of ours, with its other end as a stream that node:http2 takes for a socket. */
export class CodecDuplex implements FrameSink {
  readonly connection: Http2Connection;
  readonly stream: Duplex;
  blocked = false;
  #hasEnded = false;

  /** `cut`: the size of the pieces in which the codec gets what node:http2 writes. */
  constructor(role: Http2Role, owner: Http2Owner, cut: number) {
    this.connection = new Http2Connection(role, this, owner, 0);
    this.stream = new Duplex({
      readableHighWaterMark: BUFFERED_BYTES,
      read: () => this.#onRead(),
      write: (bytes: Buffer, _, done) => {
        for (let at = 0; at < bytes.length; at += cut) {
          this.connection.receive(bytes, at, Math.min(bytes.length, at + cut));
        }
        done();
      },
      destroy: (error, done) => {
        this.connection.onClosed();
        done(error);
      },
    });
    this.connection.begin();
  }

  write(text: string): void {
    this.#push(Buffer.from(text, "latin1"));
  }

  writeParts(parts: WriteParts): void {
    const pieces = parts.filter((_, at) => at % 2 === 0);
    this.#push(Buffer.concat(pieces.map((each) => Buffer.from(each as string, "latin1"))));
  }

  flushLater(): void {
    setImmediate(() => this.connection.flush());
  }

  pause(): void {
    // Nothing here holds streams.
  }

  resume(): void {
    // Nothing here holds streams.
  }

  end(): void {
    this.#hasEnded = true;
    this.stream.push(null);
  }

  #push(bytes: Buffer): void {
    if (this.#hasEnded) return;
    if (!this.stream.push(bytes)) this.blocked = true;
  }

  #onRead(): void {
    if (!this.blocked) return;
    this.blocked = false;
    setImmediate(() => this.connection.onFlushed());
  }
}
