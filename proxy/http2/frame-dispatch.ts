import type { ConnectionCore } from "./connection-core.ts";
import { ConnectionFrames } from "./connection-frames.ts";
import { Budget } from "./flood-budgets.ts";
import type { FrameConsumer, FrameHead } from "./frame-reader.ts";
import { FrameFlag, FrameType } from "./frames.ts";
import { HeadFrames } from "./head-frames.ts";
import { BLOCK_TIMEOUT_MS } from "./limits.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";
import { StreamFrames } from "./stream-frames.ts";

/** Gives each frame that came to whoever knows what it means, if it may come now. */
export class FrameDispatch implements FrameConsumer {
  readonly heads: HeadFrames;
  readonly connection: ConnectionFrames;
  /** Nothing is read from the next new stream on. */
  isHolding = false;
  /** The peer's first SETTINGS have come: nothing may come before them. */
  hasBegun = false;

  /** The look() that first saw a header block under way. Infinity: none is. */
  #blockSinceMs = Infinity;
  readonly #core: ConnectionCore;
  readonly #streams: StreamFrames;

  constructor(core: ConnectionCore, nowMs: number) {
    this.#core = core;
    this.heads = new HeadFrames(core);
    this.connection = new ConnectionFrames(core, nowMs);
    this.#streams = new StreamFrames(core);
  }

  takes(head: FrameHead): boolean {
    if (!this.isHolding || head.type !== FrameType.headers) return true;
    return !this.#core.streams.isIdle(head.stream);
  }

  onDataHead(head: FrameHead, padding: number): Http2Fault | undefined {
    return this.#orderFault(head) ?? this.#streams.onDataHead(head, padding);
  }

  onData(bytes: Buffer, from: number, to: number, isLast: boolean): void {
    this.#streams.onData(bytes, from, to, isLast);
  }

  onFrame(head: FrameHead, bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    if (this.#core.isLost) return undefined;
    const fault = this.#orderFault(head);
    if (fault !== undefined) return fault;
    switch (head.type) {
      case FrameType.headers:
      case FrameType.continuation:
        return this.heads.onFrame(head, bytes, from, to);
      case FrameType.windowUpdate:
        return this.#streams.onWindowUpdate(head, bytes, from);
      case FrameType.reset:
        return this.#streams.onReset(head, bytes, from);
      case FrameType.settings:
        return this.connection.onSettings(head, bytes, from, to);
      case FrameType.ping:
        return this.connection.onPing(head, bytes, from, to);
      case FrameType.goAway:
        return this.connection.onGoAway(head, bytes, from);
      case FrameType.priority:
        return this.#streams.onPriority(head, bytes, from);
      case FrameType.pushPromise:
        // Clients must not send it, and we, as one, have said that we take none.
        return FAULTS["h2-frame-unexpected"];
      default:
        // RFC 9113 section 5.5.
        return this.#core.budgets.spend(Budget.ignored);
    }
  }

  /** What was due by now. */
  look(nowMs: number): Http2Fault | undefined {
    if (!this.heads.blocks.isOpen) this.#blockSinceMs = Infinity;
    else if (this.#blockSinceMs === Infinity) this.#blockSinceMs = nowMs;
    const isBlockLate = nowMs - this.#blockSinceMs >= BLOCK_TIMEOUT_MS;
    return isBlockLate ? FAULTS["h2-continuation-flood"] : this.connection.look(nowMs);
  }

  /** RFC 9113 sections 3.4 and 6.10: SETTINGS come first, and blocks are in one piece. */
  #orderFault(head: FrameHead): Http2Fault | undefined {
    if (!this.hasBegun) {
      const isSettings = head.type === FrameType.settings && (head.flags & FrameFlag.ack) === 0;
      if (!isSettings) return FAULTS["h2-preface-invalid"];
      this.hasBegun = true;
    }
    return this.heads.blocks.allows(head) ? undefined : FAULTS["h2-frame-unexpected"];
  }
}
