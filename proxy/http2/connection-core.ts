import type { Http2Counts } from "./counts.ts";
import { ErrorCode } from "./error-codes.ts";
import { Budget, FloodBudgets } from "./flood-budgets.ts";
import { FrameOutput } from "./frame-output.ts";
import type { FrameSink } from "./frame-sink.ts";
import { goAwayFrame, resetFrame, windowUpdateFrame } from "./frames.ts";
import type { Http2Fault, Http2Reason } from "./reasons.ts";
import { ReceiveWindows } from "./receive-windows.ts";
import type { ReceiveWindowsState } from "./receive-windows.ts";
import type { RequestFields } from "./request-fields.ts";
import { PeerSettings } from "./settings.ts";
import type { Http2Role } from "./settings.ts";
import { StreamSender } from "./stream-sender.ts";
import { StreamTable } from "./stream-table.ts";
import type { Http2Stream, ResetBy, StreamHost, StreamOwner } from "./stream.ts";

/** What a connection tells. Streams tell their own owners. */
export interface Http2Owner {
  /** Of all connections of its sort. */
  readonly counts: Http2Counts;
  /** Servers: a request, valid only now. undefined: it is refused, and may be sent elsewhere. */
  onStream(stream: Http2Stream, request: RequestFields, isEnd: boolean): StreamOwner | undefined;
  /** The peer has said what it takes, for the first time or again. */
  onSettings(peer: PeerSettings): void;
  /** Clients: a stream has ended, so that there may be room for another. */
  onRoom(): void;
  /** The peer takes no more streams. Those above `lastStream` hear of it after this. */
  onGoAway(lastStream: number, code: number): void;
  /** The last open stream has ended. */
  onIdle(): void;
  /** ping() was answered. */
  onPong(): void;
  /** The peer broke a rule, on one stream or on all. To be counted. */
  onRejected(reason: Http2Reason): void;
  /** The connection has ended, by our GOAWAY, and all its streams have heard of it. */
  onFailed(fault: Http2Fault): void;
}

/** Streams that ended in good order earn so many frames that cost us something. */
const EARNED_BY_STREAM = 4;

/** What all parts of a connection share: its streams, what goes out, and how both end. */
export class ConnectionCore implements StreamHost {
  readonly role: Http2Role;
  readonly owner: Http2Owner;
  readonly peer: PeerSettings;
  readonly budgets = new FloodBudgets();
  readonly streams: StreamTable;
  readonly sender: StreamSender;
  readonly output: FrameOutput;
  readonly windows = new ReceiveWindows();
  /** Sizes of the lists of all open requests. */
  listBytes = 0;
  /** Streams above it are not looked at any more: what our last GOAWAY said. */
  lastTaken = Infinity;
  /** Nothing goes either way any more. */
  isLost = false;
  /** A stream has ended since the end of the last turn. */
  hasClosed = false;

  constructor(role: Http2Role, sink: FrameSink, owner: Http2Owner, nowMs: number) {
    this.role = role;
    this.owner = owner;
    this.peer = new PeerSettings(role === "server" ? "client" : "server");
    this.streams = new StreamTable(role, this);
    this.sender = new StreamSender(this.peer, this.budgets, nowMs);
    this.output = new FrameOutput(sink, this.sender, {
      onSendEnded: (stream) => this.#sendEnded(stream),
      onUntouched: (stream) => this.streams.recycle(stream),
    });
  }

  get isBlocked(): boolean {
    return this.output.isBlocked;
  }

  get streamWindow(): number {
    return this.windows.stream;
  }

  /** Goes on with those of another process. */
  restoreWindows(state: ReceiveWindowsState): void {
    this.windows.restore(state);
    this.creditConnection(0);
  }

  begin(stream: Http2Stream): void {
    stream.sendWindow = this.peer.initialWindowBytes;
    this.owner.counts.streams += 1;
    this.streams.number(stream);
  }

  touch(stream: Http2Stream): void {
    this.output.touch(stream);
  }

  sendNow(stream: Http2Stream): void {
    this.output.sendNow(stream);
  }

  sendBulk(stream: Http2Stream, chunk: Buffer, isEnd: boolean): number {
    return this.output.sendBulk(stream, chunk, isEnd);
  }

  resetByOwner(stream: Http2Stream, code: number): void {
    this.#sendReset(stream, code);
    this.close(stream);
  }

  /** Nobody wants this request: nothing was done for it (RFC 9113 section 8.7). */
  decline(stream: Http2Stream): void {
    if (stream.isClosed || stream.isReleased) return;
    stream.isReleased = true;
    this.resetByOwner(stream, ErrorCode.refusedStream);
    this.streams.recycle(stream);
  }

  credit(stream: Http2Stream, bytes: number): void {
    const told = this.windows.giveBack(stream, bytes);
    if (told > 0) this.output.add(windowUpdateFrame(stream.id, told));
    this.creditConnection(bytes);
  }

  /** `bytes` that came are used, of whichever stream. */
  creditConnection(bytes: number): void {
    const told = this.windows.connection.giveBack(bytes);
    if (told > 0) this.output.add(windowUpdateFrame(0, told));
  }

  released(stream: Http2Stream): void {
    const isUnended = !stream.endWanted || (this.role === "client" && !stream.receiveEnded);
    if (!stream.isClosed && isUnended) this.resetByOwner(stream, ErrorCode.cancel);
    this.streams.recycle(stream);
  }

  /** The peer has ended its message. */
  endReceiving(stream: Http2Stream): void {
    stream.receiveEnded = true;
    this.#closeIfEnded(stream);
  }

  #closeIfEnded(stream: Http2Stream): void {
    if (!stream.sendEnded || !stream.receiveEnded || stream.isClosed) return;
    this.#earnFor(stream);
    this.close(stream);
  }

  /** It has brought what it was for. */
  #earnFor({ headSent }: Http2Stream): void {
    if (headSent) this.budgets.earn(Budget.resets, 1);
    this.budgets.earn(Budget.windowUpdates, EARNED_BY_STREAM);
    this.budgets.earn(Budget.ignored, EARNED_BY_STREAM);
  }

  /** It is over. What of it was not used counts as used for the connection. */
  close(stream: Http2Stream): void {
    this.streams.close(stream);
    stream.dropUnsent();
    this.listBytes -= stream.listBytes;
    if (stream.received.unused > 0) this.creditConnection(stream.received.unused);
    this.windows.narrow(stream.received);
    this.hasClosed = true;
    this.output.ask();
  }

  /** Ends a stream because its peer broke a rule on it. Returns what ends the connection. */
  resetForFault(stream: Http2Stream, fault: Http2Fault): Http2Fault | undefined {
    const flood = this.budgets.spend(Budget.provoked);
    this.owner.onRejected(fault.reason);
    this.#sendReset(stream, fault.code);
    this.tellReset(stream, fault.code, "codec");
    return flood;
  }

  /** As resetForFault(), for a stream that is not open. */
  refuse(id: number, fault: Http2Fault): Http2Fault | undefined {
    const flood = this.budgets.spend(Budget.provoked);
    this.owner.onRejected(fault.reason);
    this.#addReset(id, fault.code);
    return flood;
  }

  /** Ends it without a word to the peer; its owner hears of it last. */
  tellReset(stream: Http2Stream, code: number, by: ResetBy): void {
    const { owner } = stream;
    this.close(stream);
    this.streams.recycle(stream);
    owner.onReset(code, by);
  }

  /** Ends the connection because of what the peer did. */
  fail(fault: Http2Fault): void {
    if (this.isLost) return;
    this.owner.onRejected(fault.reason);
    this.end(fault.code);
    this.owner.onFailed(fault);
  }

  /** Ends the connection with a GOAWAY. */
  end(code: number): void {
    if (this.isLost) return;
    this.owner.counts.goAwaysSent += 1;
    const last = Math.min(this.streams.lastPeer, this.lastTaken);
    this.output.close(goAwayFrame(last, code));
    this.lose(code);
  }

  /** Ends all streams: nothing goes either way any more. */
  lose(code: number): void {
    this.isLost = true;
    this.output.isClosed = true;
    for (const stream of this.streams.unbegun) this.tellReset(stream, code, "unprocessed");
    for (const stream of this.streams.open.values()) this.tellReset(stream, code, "connection");
  }

  /** RFC 9113 section 8.1: a whole answer to half a request means that the rest is not wanted. */
  #sendEnded(stream: Http2Stream): void {
    if (this.role === "server" && !stream.receiveEnded) {
      this.#earnFor(stream);
      this.#sendReset(stream, ErrorCode.noError);
      this.close(stream);
      this.streams.recycle(stream);
      return;
    }
    this.#closeIfEnded(stream);
    this.streams.recycle(stream);
  }

  /** A client's stream that has sent nothing has nothing to reset. */
  #sendReset(stream: Http2Stream, code: number): void {
    const isUnknown = stream.id === 0 || (this.role === "client" && stream.block !== "");
    if (isUnknown || this.isLost) return;
    this.#addReset(stream.id, code);
  }

  #addReset(id: number, code: number): void {
    this.owner.counts.resetsSent += 1;
    this.streams.resets.add(id);
    this.output.add(resetFrame(id, code));
  }
}
