import type { ConnectionCore } from "./connection-core.ts";
import { ErrorCode } from "./error-codes.ts";
import { Budget } from "./flood-budgets.ts";
import type { FrameHead } from "./frame-reader.ts";
import { FrameFlag, uint31At, uint32At } from "./frames.ts";
import { UINT31_MAX } from "./limits.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";
import type { Http2Stream } from "./stream.ts";

/**
 * Frames of streams other than header blocks: DATA, RST_STREAM, WINDOW_UPDATE, PRIORITY (RFC 9113
 * sections 6.1, 6.3, 6.4, 6.9). What a call returns ends the connection.
 */
export class StreamFrames {
  readonly #core: ConnectionCore;
  /** Whose DATA frame is being read. undefined: one that nobody hears of. */
  #reading: Http2Stream | undefined;
  #readingId = 0;
  #endsStream = false;

  constructor(core: ConnectionCore) {
    this.#core = core;
  }

  /** A DATA frame begins. Its whole length counts for the windows (RFC 9113 section 6.9.1). */
  onDataHead(head: FrameHead, padding: number): Http2Fault | undefined {
    const core = this.#core;
    const { length, stream: id } = head;
    this.#reading = undefined;
    this.#endsStream = (head.flags & FrameFlag.endStream) !== 0;
    if (core.streams.isIdle(id)) return FAULTS["h2-frame-unexpected"];
    if (!core.windows.connection.take(length)) return FAULTS["h2-window-exceeded"];
    if (length === padding && !this.#endsStream) {
      const flood = core.budgets.spend(Budget.empty);
      if (flood !== undefined) return flood;
    }
    const stream = core.streams.open.get(id);
    if (stream === undefined) return this.#onLateData(id, length);
    if (!stream.received.take(length)) {
      core.creditConnection(length);
      return core.resetForFault(stream, FAULTS["h2-window-exceeded"]);
    }
    const fault = dataFault(stream, length - padding, this.#endsStream);
    if (fault !== undefined) return core.resetForFault(stream, fault);
    if (length > padding) core.budgets.earn(Budget.pings, 1);
    if (padding > 0) core.credit(stream, padding);
    this.#reading = stream;
    this.#readingId = id;
    return undefined;
  }

  /** The next bytes of the DATA frame's body. */
  onData(bytes: Buffer, from: number, to: number, isLast: boolean): void {
    const stream = this.#reading;
    // The object may have become another stream since.
    if (stream === undefined || stream.isClosed || stream.id !== this.#readingId) return;
    const isEnd = isLast && this.#endsStream;
    if (isEnd) this.#core.endReceiving(stream);
    if (to > from || isEnd) stream.owner.onData(bytes, from, to, isEnd);
  }

  onReset(head: FrameHead, bytes: Buffer, from: number): Http2Fault | undefined {
    const core = this.#core;
    if (head.length !== 4) return FAULTS["h2-frame-size"];
    if (core.streams.isIdle(head.stream)) return FAULTS["h2-frame-unexpected"];
    const stream = core.streams.open.get(head.stream);
    if (stream === undefined) {
      core.streams.resets.forget(head.stream);
      return core.budgets.spend(Budget.ignored);
    }
    core.owner.counts.resetsReceived += 1;
    const code = uint32At(bytes, from);
    // What servers reset, we have asked for; and an answer that has begun was waited for.
    const isRapid = core.role === "server" && !stream.headSent;
    const flood = isRapid ? core.budgets.spend(Budget.resets) : undefined;
    const isUnprocessed = code === ErrorCode.refusedStream && !stream.headCame;
    core.tellReset(stream, code, isUnprocessed ? "unprocessed" : "peer");
    return flood;
  }

  onWindowUpdate(head: FrameHead, bytes: Buffer, from: number): Http2Fault | undefined {
    const core = this.#core;
    if (head.length !== 4) return FAULTS["h2-frame-size"];
    const flood = core.budgets.spend(Budget.windowUpdates);
    if (flood !== undefined) return flood;
    const by = uint31At(bytes, from);
    if (head.stream === 0) {
      if (by === 0) return FAULTS["h2-window-unchanged"];
      return core.output.widen(by) ? undefined : FAULTS["h2-window-overflow"];
    }
    if (core.streams.isIdle(head.stream)) return FAULTS["h2-frame-unexpected"];
    const stream = core.streams.open.get(head.stream);
    if (stream === undefined) return undefined;
    if (by === 0) return core.resetForFault(stream, FAULTS["h2-window-unchanged"]);
    stream.sendWindow += by;
    if (stream.sendWindow > UINT31_MAX) {
      return core.resetForFault(stream, FAULTS["h2-window-overflow"]);
    }
    if (stream.body !== "") core.touch(stream);
    return undefined;
  }

  /** Means nothing any more (RFC 9113 section 5.3.2), but has a form. */
  onPriority(head: FrameHead, bytes: Buffer, from: number): Http2Fault | undefined {
    if (head.stream === 0) return FAULTS["h2-frame-unexpected"];
    if (head.length !== 5) return FAULTS["h2-frame-size"];
    if (uint31At(bytes, from) === head.stream) return FAULTS["h2-stream-depends-on-itself"];
    return this.#core.budgets.spend(Budget.ignored);
  }

  /** On a stream that is closed. */
  #onLateData(id: number, length: number): Http2Fault | undefined {
    const core = this.#core;
    core.creditConnection(length);
    const isExpected = core.streams.resets.has(id) || id > core.lastTaken;
    return isExpected ? undefined : core.refuse(id, FAULTS["h2-stream-closed"]);
  }
}

/** `body`: how many bytes of it come. */
function dataFault(stream: Http2Stream, body: number, endsHere: boolean): Http2Fault | undefined {
  if (stream.receiveEnded) return FAULTS["h2-stream-closed"];
  if (!stream.headCame) return FAULTS["h2-frame-unexpected"];
  stream.receivedBytes += body;
  return lengthFault(stream, endsHere);
}

/** A body that is not as long as its head says (RFC 9113 section 8.1.1). */
export function lengthFault(stream: Http2Stream, hasEnded: boolean): Http2Fault | undefined {
  const { expectedBytes, receivedBytes } = stream;
  if (expectedBytes === -1) return undefined;
  const isWrong = hasEnded ? receivedBytes !== expectedBytes : receivedBytes > expectedBytes;
  return isWrong ? FAULTS["h2-content-length"] : undefined;
}
