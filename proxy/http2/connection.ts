import { latin1 } from "../base/latin1.ts";
import { ConnectionCore } from "./connection-core.ts";
import type { Http2Owner } from "./connection-core.ts";
import type { TableState } from "./dynamic-table.ts";
import { ErrorCode } from "./error-codes.ts";
import { FrameDispatch } from "./frame-dispatch.ts";
import { FrameReader } from "./frame-reader.ts";
import type { FrameSink } from "./frame-sink.ts";
import { PREFACE, windowUpdateFrame } from "./frames.ts";
import { CONNECTION_WINDOW_BYTES, WINDOW_BYTES_INITIAL } from "./limits.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";
import type { ReceiveWindowsState } from "./receive-windows.ts";
import { OWN_SETTINGS } from "./settings.ts";
import type { Http2Role, PeerSettings, PeerSettingsState } from "./settings.ts";
import type { Http2Stream, StreamOwner } from "./stream.ts";

const SECOND_MS = 1000;

/** A connection between two streams, on its way to another process; our encoder has no state. */
export type Http2State = ReceiveWindowsState & {
  readonly table: TableState;
  readonly peer: PeerSettingsState;
  readonly sendWindow: number;
  readonly lastStream: number;
  /** What may still come of these is no offence: see ResetStreams. */
  readonly resets: readonly number[];
  readonly isAcknowledged: boolean;
  readonly hasSentBlock: boolean;
  /** What was read and not used, as latin1 text. */
  readonly unread: string;
};

/**
 * One HTTP/2 connection, either end of it (RFC 9113), without its socket and without a clock. What
 * its peer sends comes in by receive(); what it has to say goes to its sink, at the end of each
 * turn.
 */
export class Http2Connection {
  readonly #core: ConnectionCore;
  readonly #sink: FrameSink;
  readonly #dispatch: FrameDispatch;
  readonly #reader: FrameReader;
  /** As of the last look() that a second had passed before. */
  #refilledMs: number;
  /** Another process had it before; what that has read. */
  #unread: Buffer | undefined;

  /** `nowMs`: monotonic; look() brings it up to date. */
  constructor(role: Http2Role, sink: FrameSink, owner: Http2Owner, nowMs: number) {
    this.#core = new ConnectionCore(role, sink, owner, nowMs);
    this.#sink = sink;
    this.#dispatch = new FrameDispatch(this.#core, nowMs);
    this.#reader = new FrameReader(this.#dispatch, role === "server");
    this.#refilledMs = nowMs;
  }

  /** What the peer takes. */
  get peer(): PeerSettings {
    return this.#core.peer;
  }

  /** Streams that are open; of a client also those that it has asked for. */
  get streams(): number {
    return this.#core.streams.count;
  }

  /** Clients: how many more streams the peer takes now. */
  get room(): number {
    return this.usable ? Math.max(0, this.peer.maxConcurrentStreams - this.streams) : 0;
  }

  /** Clients: new streams may be opened, now or when others have ended. */
  get usable(): boolean {
    const { isLost, streams } = this.#core;
    const { isLeaving, peerLeaves } = this.#dispatch.connection;
    return !isLost && !isLeaving && !peerLeaves && !streams.isUsedUp;
  }

  /** The peer was asked for no more streams. */
  get leaving(): boolean {
    return this.#dispatch.connection.isLeaving;
  }

  /** The peer takes no more streams. */
  get peerLeaves(): boolean {
    return this.#dispatch.connection.peerLeaves;
  }

  /** Nothing goes either way any more. */
  get lost(): boolean {
    return this.#core.isLost;
  }

  /** Since when a ping() waits for its answer, as of look(). 0: none does. */
  get pingPendingSinceMs(): number {
    return this.#dispatch.connection.pingSinceMs;
  }

  /** The transport stands. Says what we take, or goes on where another process stopped. */
  begin(): void {
    const { role, output } = this.#core;
    const unread = this.#unread;
    if (unread !== undefined) return this.receive(unread, 0, unread.length);
    const before = role === "client" ? PREFACE : "";
    const more = CONNECTION_WINDOW_BYTES - WINDOW_BYTES_INITIAL;
    return output.add(before + OWN_SETTINGS[role] + windowUpdateFrame(0, more));
  }

  /** bytes[start, end) have come. */
  receive(bytes: Buffer, start: number, end: number): void {
    if (!this.#core.isLost) this.#handle(this.#reader.read(bytes, start, end));
  }

  /** Writes what this turn has brought. The sink is asked for it by flushLater(). */
  flush(): void {
    const core = this.#core;
    core.output.flush();
    if (!core.hasClosed || core.isLost) return;
    core.hasClosed = false;
    if (core.role === "client" && this.usable) core.owner.onRoom();
    if (core.streams.count === 0) core.owner.onIdle();
  }

  /** The peer has taken what was written, after the sink was blocked. */
  onFlushed(): void {
    this.#core.output.onFlushed(this.#core.streams.open.values());
  }

  /** The transport is gone, or the peer sends no more. */
  onClosed(): void {
    if (!this.#core.isLost) this.#core.lose(ErrorCode.cancel);
  }

  /** To be called once a second: nothing here knows the time otherwise. */
  look(nowMs: number): void {
    const core = this.#core;
    if (core.isLost) return;
    const seconds = Math.floor((nowMs - this.#refilledMs) / SECOND_MS);
    if (seconds > 0) {
      core.budgets.refill(seconds);
      this.#refilledMs += seconds * SECOND_MS;
    }
    core.sender.nowMs = nowMs;
    this.#handle(this.#dispatch.look(nowMs));
  }

  /** Clients: a new stream, which sendHead() begins. Only while there is `room`. */
  open(owner: StreamOwner): Http2Stream {
    const stream = this.#core.streams.take(0, 0);
    stream.owner = owner;
    return stream;
  }

  /** Asks the peer whether it is there. false: it has not answered the last time yet. */
  ping(): boolean {
    return !this.lost && this.#dispatch.connection.ping(this.#core.sender.nowMs);
  }

  /** Asks the peer for no more streams; once it has heard that, finishLeaving() comes by itself. */
  leave(): void {
    if (!this.lost) this.#dispatch.connection.leave();
  }

  /** Takes no more streams from now on, for a peer that does not answer. */
  finishLeaving(): void {
    if (!this.lost) this.#dispatch.connection.finishLeaving();
  }

  /** Ends the connection and all its streams. `code`: an ErrorCode. */
  close(code: number = ErrorCode.noError): void {
    this.#core.end(code);
  }

  /**
   * Reads nothing from the next new stream on, so that those that are open end, and the rest is
   * another process's. The time for that must be bounded: all that is behind the new stream waits.
   */
  holdStreams(): void {
    this.#dispatch.isHolding = true;
  }

  /** Goes on here after all. */
  releaseStreams(): void {
    if (!this.#dispatch.isHolding || this.lost) return;
    this.#dispatch.isHolding = false;
    this.#sink.resume();
    this.#handle(this.#reader.resume());
  }

  /**
   * What another process needs to go on. undefined: not now, because streams are open, something is
   * half read or not written, or one of both leaves. To be asked in onIdle().
   */
  state(): Http2State | undefined {
    const { streams, output, sender, peer, windows } = this.#core;
    const { heads, connection } = this.#dispatch;
    const { unread } = this.#reader;
    if (unread === undefined || heads.blocks.isOpen || !output.isEmpty) return undefined;
    if (streams.count > 0 || !peer.known || !this.usable) return undefined;
    return {
      table: heads.decoder.toState(),
      peer: peer.toState(),
      sendWindow: sender.window,
      ...windows.toState(),
      lastStream: streams.lastPeer,
      resets: streams.resets.toState(),
      isAcknowledged: connection.isAcknowledged,
      hasSentBlock: sender.hasSentBlock,
      unread: latin1(unread, 0, unread.length),
    };
  }

  /** Before begin(), of a server's: goes on with what another process has given away. */
  restore(state: Http2State): void {
    const { streams, sender, peer } = this.#core;
    const { heads, connection } = this.#dispatch;
    heads.decoder.restore(state.table);
    peer.restore(state.peer);
    sender.window = state.sendWindow;
    sender.hasSentBlock = state.hasSentBlock;
    this.#core.restoreWindows(state);
    streams.lastPeer = state.lastStream;
    streams.resets.restore(state.resets);
    connection.isAcknowledged = state.isAcknowledged;
    this.#dispatch.hasBegun = true;
    this.#reader.skipPreface();
    this.#unread = Buffer.from(state.unread, "latin1");
  }

  #handle(fault: Http2Fault | undefined): void {
    const core = this.#core;
    if (fault !== undefined) core.fail(fault);
    else if (core.output.isOverfull) core.fail(FAULTS["h2-answers-unread"]);
    // What another process shall have stays in the kernel, but for the read that it came with.
    if (this.#reader.isHeld) this.#sink.pause();
  }
}
