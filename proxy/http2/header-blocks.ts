import type { FrameHead } from "./frame-reader.ts";
import { FrameFlag, FrameType, uint31At } from "./frames.ts";
import { BLOCK_BYTES_MAX, CONTINUATIONS_MAX } from "./limits.ts";
import { FAULTS } from "./reasons.ts";
import type { Http2Fault } from "./reasons.ts";

const PRIORITY_BYTES = 5;
const NOTHING = Buffer.alloc(0);

/**
 * Puts header blocks together (RFC 9113 section 4.3): HEADERS, and CONTINUATION behind it. After a
 * call that returned nothing, `isWhole` says whether bytes[from, to) is one.
 */
export class HeaderBlocks {
  /** The block, until the next frame. */
  bytes: Buffer = NOTHING;
  from = 0;
  to = 0;
  isWhole = false;
  /** Whose it is, and whether its message ends with it. */
  stream = 0;
  endsStream = false;
  /** The last frame added nothing. */
  wasEmpty = false;

  /** A block is under way, so that nothing else may come. */
  isOpen = false;
  #continuations = 0;

  /** Takes a HEADERS frame. */
  begin(head: FrameHead, bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    const { flags, stream } = head;
    const isPadded = (flags & FrameFlag.padded) !== 0;
    const hasPriority = (flags & FrameFlag.priority) !== 0;
    if (to - from < (isPadded ? 1 : 0) + (hasPriority ? PRIORITY_BYTES : 0)) {
      return FAULTS["h2-frame-size"];
    }
    const padding = isPadded ? (bytes[from] as number) : 0;
    const priority = from + (isPadded ? 1 : 0);
    const start = priority + (hasPriority ? PRIORITY_BYTES : 0);
    if (start + padding > to) return FAULTS["h2-padding-invalid"];
    if (hasPriority && uint31At(bytes, priority) === stream) {
      return FAULTS["h2-stream-depends-on-itself"];
    }
    this.stream = stream;
    this.endsStream = (flags & FrameFlag.endStream) !== 0;
    this.#continuations = 0;
    this.#take(bytes, start, to - padding, flags);
    return undefined;
  }

  /** Takes a CONTINUATION frame. */
  go(head: FrameHead, bytes: Buffer, from: number, to: number): Http2Fault | undefined {
    this.#continuations += 1;
    const length = this.to - this.from + to - from;
    if (this.#continuations > CONTINUATIONS_MAX || length > BLOCK_BYTES_MAX) {
      return FAULTS["h2-continuation-flood"];
    }
    const joined = Buffer.concat([
      this.bytes.subarray(this.from, this.to),
      bytes.subarray(from, to),
    ]);
    this.#take(joined, 0, length, head.flags);
    this.wasEmpty = from === to;
    return undefined;
  }

  /** Whether this frame may come now: within a block nothing but its rest. */
  allows({ type, stream }: FrameHead): boolean {
    const isRest = type === FrameType.continuation && stream === this.stream;
    return this.isOpen ? isRest : type !== FrameType.continuation;
  }

  /** Lets go of the block. */
  clear(): void {
    this.bytes = NOTHING;
    this.isWhole = false;
  }

  #take(bytes: Buffer, from: number, to: number, flags: number): void {
    this.isWhole = (flags & FrameFlag.endHeaders) !== 0;
    this.isOpen = !this.isWhole;
    this.wasEmpty = from === to;
    // What waits for more must outlive this read.
    this.bytes = this.isWhole ? bytes : Buffer.from(bytes.subarray(from, to));
    this.from = this.isWhole ? from : 0;
    this.to = this.isWhole ? to : to - from;
  }
}
