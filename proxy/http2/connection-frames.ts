import { latin1 } from "../base/latin1.ts";
import type { ConnectionCore } from "./connection-core.ts";
import { Budget } from "./flood-budgets.ts";
import type { FrameHead } from "./frame-reader.ts";
import {
  FrameFlag,
  PING_BYTES,
  SETTINGS_ACK,
  goAwayFrame,
  pingFrame,
  uint31At,
  uint32At,
} from "./frames.ts";
import { SETTINGS_BYTES_MAX, SETTINGS_TIMEOUT_MS, UINT31_MAX } from "./limits.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";
import { ErrorCode } from "./error-codes.ts";

/** The data of our PINGs: which of them an answer is for. */
const KEEP_ALIVE = "sluice-1";
const LEAVING = "sluice-2";

/**
 * Frames of the connection itself: SETTINGS, PING, GOAWAY (RFC 9113 sections 6.5, 6.7, 6.8), and
 * what of ours the peer has yet to answer. What a call returns ends the connection.
 */
export class ConnectionFrames {
  /** Since when our keep-alive PING waits for its answer, as of look(). 0: none does. */
  pingSinceMs = 0;
  /** Our SETTINGS were acknowledged. */
  isAcknowledged = false;
  /** Our first GOAWAY is out: no more streams, please. */
  isLeaving = false;
  /** And the second: those that come are not looked at. */
  hasLeft = false;
  /** The peer's GOAWAY has come. */
  peerLeaves = false;
  readonly #core: ConnectionCore;
  #startedMs: number;

  constructor(core: ConnectionCore, nowMs: number) {
    this.#core = core;
    this.#startedMs = nowMs;
  }

  onSettings(head: FrameHead, bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    const core = this.#core;
    if (head.stream !== 0) return FAULTS["h2-frame-unexpected"];
    const flood =
      head.length > SETTINGS_BYTES_MAX
        ? FAULTS["h2-settings-flood"]
        : core.budgets.spend(Budget.settings);
    if (flood !== undefined) return flood;
    if ((head.flags & FrameFlag.ack) !== 0) {
      this.isAcknowledged = true;
      return head.length === 0 ? undefined : FAULTS["h2-frame-size"];
    }
    const windowBytes = core.peer.initialWindowBytes;
    const fault = core.peer.take(bytes, from, to);
    if (fault !== undefined) return fault;
    const by = core.peer.initialWindowBytes - windowBytes;
    if (by !== 0 && !this.#moveWindows(by)) return FAULTS["h2-window-overflow"];
    core.output.add(SETTINGS_ACK);
    core.owner.onSettings(core.peer);
    return undefined;
  }

  onPing(head: FrameHead, bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    if (head.stream !== 0) return FAULTS["h2-frame-unexpected"];
    if (head.length !== PING_BYTES) return FAULTS["h2-frame-size"];
    const data = latin1(bytes, from, to);
    if ((head.flags & FrameFlag.ack) !== 0) return this.#onPong(data);
    this.#core.output.add(pingFrame(data, true));
    return this.#core.budgets.spend(Budget.pings);
  }

  onGoAway(head: FrameHead, bytes: Buffer, from: number): Http2Fault | undefined {
    const core = this.#core;
    if (head.stream !== 0) return FAULTS["h2-frame-unexpected"];
    if (head.length < 8) return FAULTS["h2-frame-size"];
    this.peerLeaves = true;
    core.owner.counts.goAwaysReceived += 1;
    const last = uint31At(bytes, from);
    core.owner.onGoAway(last, uint32At(bytes, from + 4));
    if (core.role === "client") {
      for (const stream of core.streams.open.values()) {
        if (stream.id > last) core.tellReset(stream, ErrorCode.refusedStream, "unprocessed");
      }
      for (const stream of core.streams.unbegun) {
        core.tellReset(stream, ErrorCode.refusedStream, "unprocessed");
      }
    }
    return core.budgets.spend(Budget.settings);
  }

  /** Asks whether the peer is there. false: it has not answered the last time yet. */
  ping(nowMs: number): boolean {
    if (this.pingSinceMs !== 0) return false;
    // 0 says that none is under way.
    this.pingSinceMs = Math.max(1, nowMs);
    this.#core.output.add(pingFrame(KEEP_ALIVE, false));
    return true;
  }

  /**
   * Asks for no more streams. Those that are on their way are taken until the peer has answered the
   * PING behind that, or finishLeaving() is called (RFC 9113 section 6.8).
   */
  leave(): void {
    if (this.isLeaving) return;
    this.isLeaving = true;
    this.#core.owner.counts.goAwaysSent += 1;
    this.#core.output.add(goAwayFrame(UINT31_MAX, ErrorCode.noError) + pingFrame(LEAVING, false));
  }

  /** Says which stream was the last that was taken. */
  finishLeaving(): void {
    if (this.hasLeft) return;
    this.isLeaving = true;
    this.hasLeft = true;
    const { streams, output } = this.#core;
    this.#core.lastTaken = streams.lastPeer;
    output.add(goAwayFrame(streams.lastPeer, ErrorCode.noError));
  }

  /** What was due by now. */
  look(nowMs: number): Http2Fault | undefined {
    const isLate = !this.isAcknowledged && nowMs - this.#startedMs >= SETTINGS_TIMEOUT_MS;
    return isLate ? FAULTS["h2-settings-timeout"] : undefined;
  }

  #onPong(data: string): Http2Fault | undefined {
    if (data === LEAVING && this.isLeaving) {
      this.finishLeaving();
      return undefined;
    }
    if (data !== KEEP_ALIVE || this.pingSinceMs === 0) {
      return this.#core.budgets.spend(Budget.ignored);
    }
    this.pingSinceMs = 0;
    this.#core.owner.onPong();
    return undefined;
  }

  /** RFC 9113 section 6.9.2: windows may become negative, but not too wide. */
  #moveWindows(by: number): boolean {
    const { streams, output } = this.#core;
    for (const stream of streams.open.values()) {
      stream.sendWindow += by;
      if (stream.sendWindow > UINT31_MAX) return false;
      if (stream.body !== "") output.touch(stream);
    }
    return true;
  }
}
