import { Budget } from "./flood-budgets.ts";
import type { FloodBudgets } from "./flood-budgets.ts";
import type { WriteParts } from "../base/write-parts.ts";
import { FrameFlag, FrameType, dataFrames, dataParts, frameHead, headerFrames } from "./frames.ts";
import { UINT31_MAX, WINDOW_BYTES_INITIAL } from "./limits.ts";
import type { PeerSettings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";

/** Each whole kibibyte of bodies that goes out earns a WINDOW_UPDATE. */
const EARNING_SHIFT = 10;
/** So does each frame that no window cut short: peers answer a message with one or two. */
const EARNED_BY_FRAME = 4;

/**
 * The first block that a connection sends says that our encoder keeps no table (RFC 7541 section
 * 6.3), so that a peer may make its own as small as it likes.
 */
const NO_TABLE = "\u0020";

/** Makes frames of what streams have to send, as far as the windows go (RFC 9113 section 6.9). */
export class StreamSender {
  /** Bytes of bodies that the peer lets all streams together send. */
  window = WINDOW_BYTES_INITIAL;
  /** A header block has gone out. */
  hasSentBlock = false;
  /** As of the last look(). */
  nowMs: number;
  readonly #peer: PeerSettings;
  readonly #budgets: FloodBudgets;
  /** Streams whose body waits for the connection's window, in the order of their asking. */
  #starved: Http2Stream[] = [];

  constructor(peer: PeerSettings, budgets: FloodBudgets, nowMs: number) {
    this.#peer = peer;
    this.#budgets = budgets;
    this.nowMs = nowMs;
  }

  /** The frames of as much as a stream may send now. Its `sendEnded` says if that was all. */
  framesOf(stream: Http2Stream): string {
    let frames = "";
    if (stream.block !== "") frames += this.#blockFrames(stream);
    if (stream.body !== "") frames += this.#bodyFrames(stream);
    const isEndDue = stream.endWanted && !stream.sendEnded && stream.body === "";
    return isEndDue ? frames + this.#endFrames(stream) : frames;
  }

  /**
   * The frames of as much of a chunk as the stream may send now, behind the text `before`, without
   * a copy. undefined: nothing, because something else waits before it, or a window is 0.
   */
  bulkFrames(
    before: string,
    stream: Http2Stream,
    chunk: Buffer,
    isEnd: boolean,
  ): WriteParts | undefined {
    const size = this.bulkBytes(stream, chunk.length);
    if (size === 0) return undefined;
    const endsHere = isEnd && size === chunk.length;
    this.#spend(stream, size);
    if (endsHere) {
      stream.endWanted = true;
      stream.sendEnded = true;
    }
    const piece = chunk.subarray(0, size);
    return dataParts(before, stream.id, piece, endsHere, this.#peer.maxFrameBytes);
  }

  /** How many of these bytes the stream may send now, if nothing waits before them. */
  bulkBytes(stream: Http2Stream, bytes: number): number {
    if (stream.block !== "" || stream.body !== "" || stream.sendEnded) return 0;
    return Math.max(0, Math.min(bytes, stream.sendWindow, this.window));
  }

  /** The connection's window is wider. false: wider than windows may be. */
  widen(by: number): boolean {
    this.window += by;
    return this.window <= UINT31_MAX;
  }

  /** Those that wait for the connection's window, and do not any more. */
  takeStarved(): readonly Http2Stream[] {
    const starved = this.#starved;
    if (starved.length > 0) this.#starved = [];
    for (const stream of starved) stream.isStarved = false;
    return starved;
  }

  #blockFrames(stream: Http2Stream): string {
    const endsHere = stream.endWanted && stream.body === "" && stream.trailers === "";
    const block = this.hasSentBlock ? stream.block : NO_TABLE + stream.block;
    this.hasSentBlock = true;
    stream.block = "";
    stream.headSent = true;
    stream.sendEnded = endsHere;
    return headerFrames(stream.id, block, endsHere, this.#peer.maxFrameBytes);
  }

  #bodyFrames(stream: Http2Stream): string {
    const { body } = stream;
    const size = Math.max(0, Math.min(body.length, stream.sendWindow, this.window));
    const isWhole = size === body.length;
    const endsHere = isWhole && stream.endWanted && stream.trailers === "";
    stream.body = isWhole ? "" : body.slice(size);
    stream.sendEnded = endsHere;
    if (size > 0) this.#spend(stream, size);
    if (!isWhole) this.#wait(stream, size > 0);
    const piece = isWhole ? body : body.slice(0, size);
    return dataFrames(stream.id, piece, endsHere, this.#peer.maxFrameBytes);
  }

  #endFrames(stream: Http2Stream): string {
    const { id, trailers } = stream;
    stream.trailers = "";
    stream.sendEnded = true;
    return trailers === ""
      ? frameHead(0, FrameType.data, FrameFlag.endStream, id)
      : headerFrames(id, trailers, true, this.#peer.maxFrameBytes);
  }

  /** The windows let no more of its body through. */
  #wait(stream: Http2Stream, hasProgressed: boolean): void {
    if (hasProgressed || stream.waitingSinceMs === 0) stream.waitingSinceMs = this.nowMs;
    if (this.window > 0 || stream.isStarved) return;
    stream.isStarved = true;
    this.#starved.push(stream);
  }

  #spend(stream: Http2Stream, bytes: number): void {
    stream.sendWindow -= bytes;
    this.window -= bytes;
    stream.waitingSinceMs = 0;
    const isCut = stream.sendWindow === 0 || this.window === 0;
    const earned = (bytes >>> EARNING_SHIFT) + (isCut ? 0 : EARNED_BY_FRAME);
    this.#budgets.earn(Budget.windowUpdates, earned);
    if (!isCut) this.#budgets.earn(Budget.pings, 1);
  }
}
