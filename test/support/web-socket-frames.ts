/** A WebSocket frame, as a test writes it. */
export type TestFrame = {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly payload: Buffer;
  /** Only a client's frames have one. */
  readonly mask?: Buffer;
};

export const TEXT = 0x1;
export const CONTINUATION = 0x0;
const CLOSE = 0x8;
export const PING = 0x9;

/** A frame's bytes (RFC 6455 5.2). */
export function frameBytes({ opcode, isLast, payload, mask }: TestFrame): Buffer {
  const maskBit = mask === undefined ? 0 : 0x80;
  const first = (isLast ? 0x80 : 0) | opcode;
  const { length } = payload;
  const masked =
    mask === undefined ? payload : payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([lengthBytes(first, maskBit, length), mask ?? Buffer.alloc(0), masked]);
}

/** A whole text message in one frame, with `mask` as a client sends it. */
export function textFrame(text: string, mask?: Buffer): Buffer {
  const frame = { opcode: TEXT, isLast: true, payload: Buffer.from(text) };
  return frameBytes(mask === undefined ? frame : { ...frame, mask });
}

/** A Close frame. */
export function closeBytes(code: number, mask?: Buffer): Buffer {
  const payload = Buffer.from([code >> 8, code & 0xff]);
  const frame = { opcode: CLOSE, isLast: true, payload };
  return frameBytes(mask === undefined ? frame : { ...frame, mask });
}

function lengthBytes(first: number, maskBit: number, length: number): Buffer {
  if (length < 126) return Buffer.from([first, maskBit | length]);
  if (length < 65_536) {
    return Buffer.from([first, maskBit | 126, length >> 8, length & 0xff]);
  }
  const bytes = Buffer.alloc(10);
  bytes[0] = first;
  bytes[1] = maskBit | 127;
  bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}
