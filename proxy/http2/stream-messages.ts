import { linesBlock } from "./encode-head.ts";
import type { BulkSource } from "./frame-sink.ts";
import type { Http2Stream } from "./stream.ts";

/** What is sent on one stream after the other: a head, a body in pieces, and the end. */
export class StreamMessages {
  /** undefined: there is none, before the first and behind the last message. */
  protected current: Http2Stream | undefined;

  /** The source of what is sent should stop for now. */
  get blocked(): boolean {
    return this.current?.blocked === true;
  }

  /** Sends a head, "" once it has gone out, and then latin1 text of the body, maybe "". */
  send(head: string, body: string): void {
    if (head !== "") this.current?.sendHead(head, false);
    if (body !== "") this.current?.send(body, false);
  }

  /** As send(), with bytes[start, end), which `source` has read. */
  relay(source: BulkSource, head: string, bytes: Buffer, start: number, end: number): void {
    if (head !== "") this.current?.sendHead(head, false);
    this.current?.relay(source, bytes, start, end, false);
  }

  /** The message has ended. `trailers`: field lines with their CRLF, "" for none. */
  finish(trailers: string): void {
    this.current?.end(trailers === "" ? "" : linesBlock(trailers));
  }

  /** What is read next overwrites it: other streams go on, so that there is nothing but a copy. */
  keep(bytes: Buffer, start: number, end: number): Buffer {
    return Buffer.from(bytes.subarray(start, end));
  }

  releaseBuffer(): void {
    // What was kept is a copy.
  }
}
