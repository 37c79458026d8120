/** Who sends the frames: a client masks every one of them, a server none (RFC 6455 5.1). */
export type FrameSender = "client" | "server";

/** The state of the reader of one direction: plain data from which another process can continue. */
export type FrameState = {
  readonly sender: FrameSender;
  /** false: what arrived is not valid framing, and nothing more is checked. */
  valid: boolean;
  /** A Close frame has been seen whole: no message follows it. */
  closed: boolean;
  /** A message has begun, and its last frame is still to come. */
  fragmented: boolean;
  /** Bytes of the current frame's header so far. 0: between two frames. */
  headerBytes: number;
  /** Bytes of the extended payload length and of the mask that are still to come. */
  lengthLeft: number;
  maskLeft: number;
  /** Bytes of the current frame's payload that are still to come. */
  payloadLeft: number;
  /** Of the current frame. */
  opcode: number;
  isLast: boolean;
};

/** No message ends in what was scanned. */
export const NO_END = -1;

/** Opcodes (RFC 6455 5.2). Those from CONTROL on are control frames. */
const CONTINUATION = 0x0;
const BINARY = 0x2;
const CONTROL = 0x8;
const CLOSE = 0x8;
const PONG = 0xa;

/** Longest payload of a control frame (RFC 6455 5.5). */
const CONTROL_BYTES_MAX = 125;

const MASK_BYTES = 4;

/**
 * Follows one direction of a WebSocket by its frames (RFC 6455 5.2), from its first byte, however
 * the bytes are split: it knows at any time whether a message is under way. Payload is skipped by
 * arithmetic and never looked at. It does not check reserved bits (extensions use them) or lengths
 * in a longer form than needed: the end of a frame is clear all the same.
 */
export class FrameScanner {
  readonly #state: FrameState;

  constructor(sender: FrameSender) {
    this.#state = {
      sender,
      valid: true,
      closed: false,
      fragmented: false,
      headerBytes: 0,
      lengthLeft: 0,
      maskLeft: 0,
      payloadLeft: 0,
      opcode: 0,
      isLast: true,
    };
  }

  /** Continues where another scanner stopped. */
  static from(state: FrameState): FrameScanner {
    const scanner = new FrameScanner(state.sender);
    Object.assign(scanner.#state, state);
    return scanner;
  }

  /** Whether everything so far is valid framing. Once false, it stays false. */
  get valid(): boolean {
    return this.#state.valid;
  }

  /** A Close frame has arrived. */
  get closed(): boolean {
    return this.#state.closed;
  }

  /** Every message that has begun is complete: our own frame may go here. */
  get atMessageBoundary(): boolean {
    const { valid, fragmented, headerBytes } = this.#state;
    return valid && !fragmented && headerBytes === 0;
  }

  /**
   * Takes bytes[start, end). Returns the index behind the last frame in them after which no message
   * is under way, or NO_END. Nothing behind a Close frame is checked.
   */
  scan(bytes: Uint8Array, start: number, end: number): number {
    const state = this.#state;
    let at = start;
    let messageEnd = NO_END;
    while (at < end && state.valid && !state.closed) {
      if (isHeaderWhole(state)) {
        const skipped = Math.min(state.payloadLeft, end - at);
        state.payloadLeft -= skipped;
        at += skipped;
      } else {
        readHeader(state, bytes[at] as number);
        at += 1;
      }
      if (isFrameWhole(state)) {
        endFrame(state);
        if (!state.fragmented || state.closed) messageEnd = at;
      }
    }
    return messageEnd;
  }

  /** Everything that another scanner needs to continue. */
  toJSON(): FrameState {
    return { ...this.#state };
  }
}

function isHeaderWhole(state: FrameState): boolean {
  return state.headerBytes >= 2 && state.lengthLeft === 0 && state.maskLeft === 0;
}

function isFrameWhole(state: FrameState): boolean {
  return state.valid && isHeaderWhole(state) && state.payloadLeft === 0;
}

function endFrame(state: FrameState): void {
  state.headerBytes = 0;
  if (state.opcode === CLOSE) state.closed = true;
  if (state.opcode < CONTROL) state.fragmented = !state.isLast;
}

/** Takes the next byte of a header: 2 bytes, then up to 8 of length, then 4 of mask. */
function readHeader(state: FrameState, byte: number): void {
  state.headerBytes += 1;
  if (state.headerBytes === 1) return readOpcode(state, byte);
  if (state.headerBytes === 2) return readLength(state, byte);
  if (state.lengthLeft === 0) {
    state.maskLeft -= 1;
    return undefined;
  }
  state.lengthLeft -= 1;
  state.payloadLeft = state.payloadLeft * 256 + byte;
  // Nobody sends a frame of 8 PiB: these bytes are not a length.
  if (state.payloadLeft > Number.MAX_SAFE_INTEGER) state.valid = false;
  return undefined;
}

function readOpcode(state: FrameState, byte: number): void {
  const opcode = byte & 0x0f;
  state.opcode = opcode;
  state.isLast = byte >= 0x80;
  if (opcode >= CONTROL) state.valid = opcode <= PONG && state.isLast;
  else state.valid = opcode <= BINARY && (opcode === CONTINUATION) === state.fragmented;
}

function readLength(state: FrameState, byte: number): void {
  const isMasked = byte >= 0x80;
  const length = byte & 0x7f;
  const isControl = state.opcode >= CONTROL;
  state.maskLeft = isMasked ? MASK_BYTES : 0;
  state.lengthLeft = extendedLengthBytes(length);
  state.payloadLeft = state.lengthLeft === 0 ? length : 0;
  const fits = !isControl || length <= CONTROL_BYTES_MAX;
  state.valid = fits && isMasked === (state.sender === "client");
}

function extendedLengthBytes(length: number): number {
  if (length === 126) return 2;
  return length === 127 ? 8 : 0;
}
