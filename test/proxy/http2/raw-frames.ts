import { constants } from "node:http2";
import { fieldBlock, requestBlock } from "../../../proxy/http2/encode-head.ts";
import { FrameFlag, FrameType, PREFACE, frameHead } from "../../../proxy/http2/frames.ts";

const TYPES = Object.entries(FrameType);
const {
  endStream: END,
  endHeaders: WHOLE,
  padded: PADDED,
  priority: PRIORITY,
  ack: ACK,
} = FrameFlag;

/** Names of error codes by number, from Node. */
const CODES = new Map(
  [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
  ].map((name) => [(constants as unknown as Record<string, number>)[`NGHTTP2_${name}`], name]),
);

/** A frame with any payload, also one that no frame may have. */
export function rawFrame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer | string = "",
): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  return Buffer.concat([
    Buffer.from(frameHead(bytes.length, type, flags, stream), "latin1"),
    bytes,
  ]);
}

/** What a client begins with. */
export const BEGINNING = Buffer.concat([Buffer.from(PREFACE, "latin1"), rawFrame(4, 0, 0)]);

/** A request head as a header block, with more fields behind it. */
export function getBlock(fields: readonly (readonly [name: string, value: string])[] = []): string {
  const block = requestBlock("GET", "http", "a.example", "/");
  return block + fields.map(([name, value]) => fieldBlock(name, value)).join("");
}

/** HEADERS with a whole block. `end`: its message ends with it. */
export function headers(stream: number, block = getBlock(), end = true): Buffer {
  return rawFrame(FrameType.headers, (end ? END : 0) | WHOLE, stream, block);
}

/** HEADERS without the end of its block, or CONTINUATION. */
export function fragment(stream: number, block: string, isFirst: boolean, isLast = false): Buffer {
  const type = isFirst ? FrameType.headers : FrameType.continuation;
  return rawFrame(type, (isFirst ? END : 0) | (isLast ? WHOLE : 0), stream, block);
}

export function data(stream: number, body: Buffer | string, end = false): Buffer {
  return rawFrame(FrameType.data, end ? END : 0, stream, body);
}

/** DATA or HEADERS with so much padding, in so far as `length` says the truth. */
export function padded(type: number, stream: number, body: string, length: number): Buffer {
  const payload = String.fromCharCode(length) + body + "\0".repeat(Math.min(length, 20));
  return rawFrame(type, PADDED | WHOLE | END, stream, payload);
}

/** HEADERS with a priority that depends on `on`. */
export function headersDependingOn(stream: number, on: number): Buffer {
  const payload = `${uint32(on)}\u0010${getBlock()}`;
  return rawFrame(FrameType.headers, END | WHOLE | PRIORITY, stream, payload);
}

export function uint32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("latin1");
}

export function settings(...entries: readonly (readonly [id: number, value: number])[]): Buffer {
  const texts = entries.map(([id, value]) => `\0${String.fromCharCode(id)}${uint32(value)}`);
  return rawFrame(FrameType.settings, 0, 0, texts.join(""));
}

export const SETTINGS_ACK_FRAME = rawFrame(FrameType.settings, ACK, 0);

export function windowUpdate(stream: number, by: number): Buffer {
  return rawFrame(FrameType.windowUpdate, 0, stream, uint32(by));
}

export function reset(stream: number, code = 8): Buffer {
  return rawFrame(FrameType.reset, 0, stream, uint32(code));
}

export function ping(payload = "12345678", flags = 0): Buffer {
  return rawFrame(FrameType.ping, flags, 0, payload);
}

export function goAway(last: number, code = 0): Buffer {
  return rawFrame(FrameType.goAway, 0, 0, uint32(last) + uint32(code));
}

/**
 * Frames in words: `headers 1 end`, `data 1 5`, `reset 3 CANCEL`, `goAway 3 PROTOCOL_ERROR`,
 * `windowUpdate 0 5`, `ping ack`. Bytes behind the last whole frame are ignored.
 */
export function inWords(bytes: Buffer): readonly string[] {
  const words: string[] = [];
  let at = 0;
  while (at + 9 <= bytes.length) {
    const length = bytes.readUIntBE(at, 3);
    const payload = bytes.subarray(at + 9, at + 9 + length);
    words.push(
      frameInWords(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, bytes.readUInt32BE(at + 5), payload),
    );
    at += 9 + length;
  }
  return words;
}

function frameInWords(type: number, flags: number, stream: number, payload: Buffer): string {
  const name = TYPES.find(([, value]) => value === type)?.[0] ?? String(type);
  switch (type) {
    case FrameType.data:
      return `${name} ${stream} ${payload.length}${(flags & END) === 0 ? "" : " end"}`;
    case FrameType.headers:
    case FrameType.continuation:
      return `${name} ${stream}${type === 1 && (flags & END) !== 0 ? " end" : ""}`;
    case FrameType.reset:
      return `${name} ${stream} ${CODES.get(payload.readUInt32BE(0))}`;
    case FrameType.goAway:
      return `${name} ${payload.readUInt32BE(0)} ${CODES.get(payload.readUInt32BE(4))}`;
    case FrameType.windowUpdate:
      return `${name} ${stream} ${payload.readUInt32BE(0)}`;
    default:
      return (flags & ACK) === 0 ? name : `${name} ack`;
  }
}
