import { Http2Connection } from "../../../proxy/http2/connection.ts";
import type { Http2Owner } from "../../../proxy/http2/connection-core.ts";
import { Http2Counts } from "../../../proxy/http2/counts.ts";
import { fieldBlock, statusBlock } from "../../../proxy/http2/encode-head.ts";
import type { WriteParts } from "../../../proxy/base/write-parts.ts";
import type { FrameSink } from "../../../proxy/http2/frame-sink.ts";
import type { Http2Fault } from "../../../proxy/http2/reasons.ts";
import type { RequestFields } from "../../../proxy/http2/request-fields.ts";
import type { Http2Role } from "../../../proxy/http2/settings.ts";
import type { Http2Stream, StreamOwner } from "../../../proxy/http2/stream.ts";
import { BEGINNING, inWords, settings } from "./raw-frames.ts";

/** A sink that keeps what is written, and flushes when the test says that the turn ends. */
class KeptSink implements FrameSink {
  blocked = false;
  isPaused = false;
  hasEnded = false;
  isAsked = false;
  /** Writes so far: texts, and lists of parts. */
  writes = 0;
  #pieces: Buffer[] = [];

  write(text: string): void {
    this.writes += 1;
    this.#pieces.push(Buffer.from(text, "latin1"));
  }

  writeParts(parts: WriteParts): void {
    this.writes += 1;
    for (let at = 0; at < parts.length; at += 2) {
      const piece = parts[at] ?? "";
      const isText = parts[at + 1] === "latin1" && typeof piece === "string";
      this.#pieces.push(isText ? Buffer.from(piece, "latin1") : Buffer.from(piece as Buffer));
    }
  }

  flushLater(): void {
    this.isAsked = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.hasEnded = true;
  }

  /** What was written since the last call. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    return bytes;
  }
}

/** One stream's owner that writes down what it hears, and uses up its bytes at once. */
export class KeptStream implements StreamOwner {
  readonly heard: string[] = [];
  body = "";
  stream: Http2Stream | undefined;
  /** Whether bytes are used up as they come. */
  consumes = true;
  readonly #onEnd: (kept: KeptStream) => void;

  constructor(onEnd: (kept: KeptStream) => void = () => undefined) {
    this.#onEnd = onEnd;
  }

  onHead(response: { status: number; list: { lines: string } }, isEnd: boolean): void {
    this.heard.push(`head ${response.status}${isEnd ? " end" : ""}`);
    if (isEnd) this.#onEnd(this);
  }

  onInterim(response: { status: number }): void {
    this.heard.push(`interim ${response.status}`);
  }

  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    this.body += bytes.toString("latin1", start, end);
    if (this.consumes) this.stream?.consumed(end - start);
    if (!isEnd) return;
    this.heard.push("end");
    this.#onEnd(this);
  }

  onTrailers(trailers: { lines: string }): void {
    this.heard.push(`trailers ${trailers.lines.trim()}`);
    this.#onEnd(this);
  }

  onUnblocked(): void {
    this.heard.push("unblocked");
  }

  onReset(code: number, by: string): void {
    this.heard.push(`reset ${code} by ${by}`);
    this.stream?.release();
  }
}

/**
 * A connection without a socket. As a server it answers each request, once that is whole, with 200
 * and the length of its body, unless `answers` is false.
 */
export class CodecBed implements Http2Owner {
  readonly counts = new Http2Counts();
  readonly sink = new KeptSink();
  readonly connection: Http2Connection;
  /** What the connection tells its owner, and the requests in short. */
  readonly heard: string[] = [];
  readonly rejected: string[] = [];
  readonly streams: KeptStream[] = [];
  answers = true;
  nowMs = 1000;

  constructor(role: Http2Role) {
    this.connection = new Http2Connection(role, this.sink, this, this.nowMs);
  }

  /** A connection whose beginning is over. */
  static begun(role: Http2Role = "server", ...more: readonly Buffer[]): CodecBed {
    const bed = new CodecBed(role);
    bed.connection.begin();
    bed.send(role === "server" ? BEGINNING : settings(), ...more);
    bed.said();
    return bed;
  }

  /** The peer sends these bytes, and the turn ends. */
  send(...frames: readonly Buffer[]): this {
    const bytes = Buffer.concat(frames);
    this.connection.receive(bytes, 0, bytes.length);
    return this.turn();
  }

  /** The turn ends. */
  turn(): this {
    for (let turns = 0; this.sink.isAsked && turns < 10; turns += 1) {
      this.sink.isAsked = false;
      this.connection.flush();
    }
    return this;
  }

  /** The frames that went out since the last call, in words. */
  said(): readonly string[] {
    return inWords(this.sink.take());
  }

  /** Time passes, second by second. */
  wait(seconds: number): this {
    for (let second = 0; second < seconds; second += 1) {
      this.nowMs += 1000;
      this.connection.look(this.nowMs);
    }
    return this.turn();
  }

  onStream(stream: Http2Stream, request: RequestFields, isEnd: boolean): StreamOwner {
    const refusal = request.refusal === undefined ? "" : ` ${request.refusal.reason}`;
    this.heard.push(`${request.method} ${request.authority}${request.path}${refusal}`);
    const kept = new KeptStream(() => this.#answer(stream, kept.body));
    kept.stream = stream;
    this.streams.push(kept);
    if (isEnd) this.#answer(stream, "");
    return kept;
  }

  onSettings(): void {
    this.heard.push("settings");
  }

  onRoom(): void {
    this.heard.push("room");
  }

  onGoAway(lastStream: number, code: number): void {
    this.heard.push(`goAway ${lastStream} ${code}`);
  }

  onIdle(): void {
    this.heard.push("idle");
  }

  onPong(): void {
    this.heard.push("pong");
  }

  onRejected(reason: string): void {
    this.rejected.push(reason);
  }

  onFailed(fault: Http2Fault): void {
    this.heard.push(`failed ${fault.reason}`);
  }

  #answer(stream: Http2Stream, body: string): void {
    if (!this.answers) return;
    stream.sendHead(statusBlock(200) + fieldBlock("x-length", String(body.length)), true);
    stream.release();
  }
}
