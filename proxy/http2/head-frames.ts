import { FIELDS_MAX, RESPONSE_FIELDS_MAX } from "../http1/limits.ts";
import type { ConnectionCore } from "./connection-core.ts";
import { Budget } from "./flood-budgets.ts";
import type { FrameHead } from "./frame-reader.ts";
import { FrameType } from "./frames.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import { HeaderList } from "./header-list.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import {
  CONNECTION_LIST_BYTES_MAX,
  REQUEST_LIST_BYTES_MAX,
  RESPONSE_LIST_BYTES_MAX,
  STREAMS_MAX,
} from "./limits.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";
import { RequestFields } from "./request-fields.ts";
import { ResponseFields, trailersFault } from "./response-fields.ts";
import { lengthFault } from "./stream-frames.ts";
import type { Http2Stream } from "./stream.ts";

/**
 * HEADERS and CONTINUATION (RFC 9113 sections 6.2 and 6.10): heads and trailers of streams. What a
 * call returns ends the connection.
 */
export class HeadFrames {
  readonly decoder = new HpackDecoder();
  readonly blocks = new HeaderBlocks();
  readonly #core: ConnectionCore;
  readonly #list: HeaderList;
  readonly #request: RequestFields;
  readonly #response: ResponseFields;

  constructor(core: ConnectionCore) {
    this.#core = core;
    this.#list =
      core.role === "server"
        ? new HeaderList(REQUEST_LIST_BYTES_MAX, FIELDS_MAX)
        : new HeaderList(RESPONSE_LIST_BYTES_MAX, RESPONSE_FIELDS_MAX);
    this.#request = new RequestFields(this.#list);
    this.#response = new ResponseFields(this.#list);
  }

  /** Takes a frame of one of both types. */
  onFrame(head: FrameHead, bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    const { blocks } = this;
    const isFirst = head.type === FrameType.headers;
    if (isFirst && !this.#mayHaveHead(head.stream)) return FAULTS["h2-stream-id"];
    const fault = isFirst ? blocks.begin(head, bytes, from, to) : blocks.go(head, bytes, from, to);
    if (fault !== undefined) return fault;
    if (blocks.wasEmpty) {
      const flood = this.#core.budgets.spend(Budget.empty);
      if (flood !== undefined) return flood;
    }
    return blocks.isWhole ? this.#onBlock() : undefined;
  }

  /** Only clients begin streams, and theirs are odd (RFC 9113 section 5.1.1). */
  #mayHaveHead(id: number): boolean {
    return (id & 1) === 1 && (this.#core.role === "server" || !this.#core.streams.isIdle(id));
  }

  /** Whatever becomes of it, it is decoded: the table must stay the peer's. */
  #onBlock(): Http2Fault | undefined {
    const { blocks } = this;
    const { stream: id, endsStream } = blocks;
    const fault = this.decoder.decode(blocks.bytes, blocks.from, blocks.to, this.#list);
    blocks.clear();
    if (fault !== undefined) return fault;
    this.#core.budgets.earn(Budget.pings, 1);
    const stream = this.#core.streams.open.get(id);
    if (stream !== undefined) return this.#onOpen(stream, endsStream);
    if (this.#core.streams.isIdle(id)) return this.#onNew(id, endsStream);
    return this.#onLate(id);
  }

  #onOpen(stream: Http2Stream, isEnd: boolean): Http2Fault | undefined {
    const core = this.#core;
    if (stream.receiveEnded) return core.resetForFault(stream, FAULTS["h2-stream-closed"]);
    if (!stream.headCame) return this.#onResponse(stream, isEnd);
    const fault = isEnd
      ? (trailersFault(this.#list) ?? lengthFault(stream, true))
      : FAULTS["h2-trailers-invalid"];
    if (fault !== undefined) return core.resetForFault(stream, fault);
    core.endReceiving(stream);
    stream.owner.onTrailers(this.#list);
    return undefined;
  }

  /** A block of a stream that is closed (RFC 9113 section 5.1). */
  #onLate(id: number): Http2Fault | undefined {
    const core = this.#core;
    if (core.streams.resets.has(id) || id > core.lastTaken) {
      return core.budgets.spend(Budget.ignored);
    }
    return FAULTS[core.streams.wasSkipped(id) ? "h2-stream-id" : "h2-stream-closed"];
  }

  #onNew(id: number, isEnd: boolean): Http2Fault | undefined {
    const core = this.#core;
    core.streams.beginPeer(id);
    // RFC 9113 section 6.8: whoever was told that we stop tries these elsewhere.
    if (id > core.lastTaken) return core.budgets.spend(Budget.ignored);
    const refusal = this.#refusal();
    if (refusal !== undefined) return core.refuse(id, refusal);
    const request = this.#request;
    const fault = request.read() ?? requestLengthFault(request, isEnd);
    if (fault !== undefined) return core.refuse(id, fault);
    const stream = this.#open(id, request);
    if (isEnd) core.endReceiving(stream);
    const owner = core.owner.onStream(stream, request, isEnd);
    if (owner === undefined) core.decline(stream);
    else stream.adopt(owner);
    return undefined;
  }

  #open(id: number, request: RequestFields): Http2Stream {
    const core = this.#core;
    const stream = core.streams.take(id, core.peer.initialWindowBytes);
    core.owner.counts.streams += 1;
    stream.headCame = true;
    stream.listBytes = this.#list.bytes;
    core.listBytes += this.#list.bytes;
    stream.expectedBytes = request.isExtendedConnect ? -1 : request.contentLength;
    return stream;
  }

  #refusal(): Http2Fault | undefined {
    const core = this.#core;
    if (core.streams.open.size >= STREAMS_MAX) return FAULTS["h2-too-many-streams"];
    const isOver = core.listBytes + this.#list.bytes > CONNECTION_LIST_BYTES_MAX;
    return isOver ? FAULTS["h2-lists-too-large"] : undefined;
  }

  #onResponse(stream: Http2Stream, isEnd: boolean): Http2Fault | undefined {
    const core = this.#core;
    const response = this.#response;
    const fault = response.read();
    if (fault !== undefined) return core.resetForFault(stream, fault);
    if (response.isInterim) {
      // RFC 9113 section 8.1: no message ends with one.
      if (isEnd) return core.resetForFault(stream, FAULTS["h2-pseudo-field"]);
      stream.owner.onInterim(response);
      return undefined;
    }
    stream.headCame = true;
    const hasBody = !stream.isHead && !response.isBodiless;
    stream.expectedBytes = hasBody ? response.contentLength : 0;
    const wrongLength = isEnd ? lengthFault(stream, true) : undefined;
    if (wrongLength !== undefined) return core.resetForFault(stream, wrongLength);
    if (isEnd) core.endReceiving(stream);
    stream.owner.onHead(response, isEnd);
    return undefined;
  }
}

/** A request that ends with its head and says that it has a body. */
function requestLengthFault(request: RequestFields, isEnd: boolean): Http2Fault | undefined {
  return isEnd && request.contentLength > 0 ? FAULTS["h2-content-length"] : undefined;
}
