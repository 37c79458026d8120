import type { WriteParts } from "../base/write-parts.ts";

/** Types of frames (RFC 9113 section 6). */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames. One bit means different things in different types. */
export const FrameFlag = {
  endStream: 0x01,
  ack: 0x01,
  endHeaders: 0x04,
  padded: 0x08,
  priority: 0x20,
} as const;

/** Length of what each frame begins with (RFC 9113 section 4.1). */
export const FRAME_HEAD_BYTES = 9;

/** What a client sends first (RFC 9113 section 3.4). */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Length of the opaque data of a PING. */
export const PING_BYTES = 8;

/** Acknowledges SETTINGS. */
export const SETTINGS_ACK: string = frameHead(0, FrameType.settings, FrameFlag.ack, 0);

/** A frame's head as latin1 text. `length`: of its payload, below 2^24. */
export function frameHead(length: number, type: number, flags: number, stream: number): string {
  return String.fromCharCode(
    length >>> 16,
    (length >>> 8) & 0xff,
    length & 0xff,
    type,
    flags,
    stream >>> 24,
    (stream >>> 16) & 0xff,
    (stream >>> 8) & 0xff,
    stream & 0xff,
  );
}

/** Gives `by` bytes of window back. `stream` 0: of the connection. */
export function windowUpdateFrame(stream: number, by: number): string {
  return frameHead(4, FrameType.windowUpdate, 0, stream) + uint32Text(by);
}

/** Ends a stream at once. `code`: an ErrorCode. */
export function resetFrame(stream: number, code: number): string {
  return frameHead(4, FrameType.reset, 0, stream) + uint32Text(code);
}

/** Ends a connection: no stream above `lastStream` was or will be looked at. */
export function goAwayFrame(lastStream: number, code: number): string {
  const head = frameHead(8, FrameType.goAway, 0, 0);
  return head + uint32Text(lastStream) + uint32Text(code);
}

/** `data`: 8 characters, each a byte. */
export function pingFrame(data: string, isAck: boolean): string {
  return frameHead(PING_BYTES, FrameType.ping, isAck ? FrameFlag.ack : 0, 0) + data;
}

/** A header block, in as many frames as the peer's largest frame makes of it. */
export function headerFrames(
  stream: number,
  block: string,
  isEnd: boolean,
  frameMax: number,
): string {
  const end = isEnd ? FrameFlag.endStream : 0;
  if (block.length <= frameMax) {
    const flags = end | FrameFlag.endHeaders;
    return frameHead(block.length, FrameType.headers, flags, stream) + block;
  }
  let out = frameHead(frameMax, FrameType.headers, end, stream) + block.slice(0, frameMax);
  for (let at = frameMax; at < block.length; at += frameMax) {
    const part = block.slice(at, at + frameMax);
    const flags = at + part.length === block.length ? FrameFlag.endHeaders : 0;
    out += frameHead(part.length, FrameType.continuation, flags, stream) + part;
  }
  return out;
}

/** A piece of a body that is not empty, as latin1 text, in as many frames as the peer wants. */
export function dataFrames(stream: number, body: string, isEnd: boolean, frameMax: number): string {
  let out = "";
  for (let at = 0; at < body.length; at += frameMax) {
    const piece = body.length <= frameMax ? body : body.slice(at, at + frameMax);
    const flags = isEnd && at + piece.length === body.length ? FrameFlag.endStream : 0;
    out += frameHead(piece.length, FrameType.data, flags, stream) + piece;
  }
  return out;
}

/** The same for bytes, which are not copied; `before` goes out in front of them. */
export function dataParts(
  before: string,
  stream: number,
  body: Buffer,
  isEnd: boolean,
  frameMax: number,
): WriteParts {
  const parts: (string | Buffer)[] = [];
  let head = before;
  for (let at = 0; at < body.length; at += frameMax) {
    const piece = body.length <= frameMax ? body : body.subarray(at, at + frameMax);
    const flags = isEnd && at + piece.length === body.length ? FrameFlag.endStream : 0;
    head += frameHead(piece.length, FrameType.data, flags, stream);
    parts.push(head, "latin1", piece, "buffer");
    head = "";
  }
  return parts;
}

/** The number in the 4 bytes at `at`, the highest bit left out: it is reserved, or says more. */
export function uint31At(bytes: Buffer, at: number): number {
  return uint32At(bytes, at) & 0x7fff_ffff;
}

/** The number in the 4 bytes at `at`. */
export function uint32At(bytes: Buffer, at: number): number {
  const high = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16);
  return (high | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;
}

/** The 4 bytes of a number as latin1 text. */
export function uint32Text(value: number): string {
  return String.fromCharCode(
    value >>> 24,
    (value >>> 16) & 0xff,
    (value >>> 8) & 0xff,
    value & 0xff,
  );
}
