import { fieldBlock, requestBlock } from "../../../proxy/http2/encode-head.ts";
import { FrameFlag, FrameType } from "../../../proxy/http2/frames.ts";
import {
  data,
  fragment,
  getBlock,
  headers,
  headersDependingOn,
  rawFrame,
  reset,
  uint32,
  windowUpdate,
} from "./raw-frames.ts";

/**
 * What frames of a client must come to. `stream` and `connection`: a RST_STREAM for the last stream
 * and a GOAWAY with this code. `answered`: a response for each stream that has a head and an end.
 */
export type Outcome = `stream ${string}` | `connection ${string}` | "answered";

/** A rule: its section, what breaks or keeps it, and the frames behind preface and SETTINGS. */
export type ConformanceCase = readonly [
  section: string,
  title: string,
  outcome: Outcome,
  ...frames: readonly Buffer[],
];

const BIG = "x".repeat(16_385);
const POST = requestBlock("POST", "http", "a.example", "/");
const { endHeaders: WHOLE } = FrameFlag;
const PROTOCOL = "connection PROTOCOL_ERROR";
const SIZE = "connection FRAME_SIZE_ERROR";

/** RFC 9113 sections 4 and 5: frames, and the states of streams. */
export const FRAME_CASES: readonly ConformanceCase[] = [
  ["4.1", "a type that is unknown is ignored", "answered", rawFrame(0x16, 0, 0, "x"), headers(1)],
  [
    "4.1",
    "flags that mean nothing are ignored",
    "answered",
    rawFrame(6, 0x16, 0, "12345678"),
    headers(1),
  ],
  [
    "4.1",
    "the reserved bit is ignored",
    "answered",
    rawFrame(6, 0, 0x8000_0000, "12345678"),
    headers(1),
  ],
  ["4.2", "DATA of 2^14 bytes", "answered", headers(1, POST, false), data(1, BIG.slice(1), true)],
  ["4.2", "DATA longer than 2^14 bytes", SIZE, headers(1, POST, false), data(1, BIG)],
  ["4.2", "HEADERS longer than 2^14 bytes", SIZE, headers(1, getBlock([["x", BIG]]))],
  [
    "4.3",
    "a block that is none",
    "connection COMPRESSION_ERROR",
    headers(1, "\u0082\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff"),
  ],
  [
    "4.3",
    "a PRIORITY within a block",
    PROTOCOL,
    fragment(1, getBlock(), true),
    rawFrame(2, 0, 1, `${uint32(0)}\u0001`),
  ],
  [
    "4.3",
    "HEADERS of another stream within a block",
    PROTOCOL,
    fragment(1, getBlock(), true),
    headers(3),
  ],
  ["5.1", "idle: DATA", PROTOCOL, data(1, "x", true)],
  ["5.1", "idle: RST_STREAM", PROTOCOL, reset(1)],
  ["5.1", "idle: WINDOW_UPDATE", PROTOCOL, windowUpdate(1, 100)],
  ["5.1", "idle: CONTINUATION", PROTOCOL, fragment(1, getBlock(), false, true)],
  ["5.1", "half closed (remote): DATA", "stream STREAM_CLOSED", headers(1), data(1, "x", true)],
  ["5.1", "half closed (remote): HEADERS", "stream STREAM_CLOSED", headers(1), headers(1)],
  ["5.1", "half closed (remote): CONTINUATION", PROTOCOL, headers(1), fragment(1, "", false, true)],
  [
    "5.1",
    "closed by its RST_STREAM: DATA",
    "stream STREAM_CLOSED",
    headers(1, POST, false),
    reset(1),
    data(1, "x"),
  ],
  [
    "5.1",
    "closed by its RST_STREAM: HEADERS",
    "connection STREAM_CLOSED",
    headers(1, POST, false),
    reset(1),
    headers(1),
  ],
  [
    "5.1",
    "closed by its RST_STREAM: WINDOW_UPDATE and RST_STREAM",
    "answered",
    headers(1, POST, false),
    reset(1),
    windowUpdate(1, 5),
    reset(1),
    headers(3),
  ],
  ["5.1.1", "an even number", PROTOCOL, headers(2)],
  ["5.1.1", "a number that was left out", PROTOCOL, headers(5), headers(3)],
  [
    "5.1.1",
    "a number that has ended",
    "connection STREAM_CLOSED",
    headers(3),
    headers(5),
    reset(3),
    headers(3),
  ],
  ["5.1.1", "numbers may be left out", "answered", headers(1), headers(77)],
  [
    "5.1.2",
    "more streams than we said",
    "stream REFUSED_STREAM",
    ...Array.from({ length: 201 }, (_, at) => headers(2 * at + 1, POST, false)),
  ],
  ["5.3.1", "HEADERS that depend on themselves", PROTOCOL, headersDependingOn(1, 1)],
  ["5.3.1", "HEADERS that depend on others", "answered", headersDependingOn(1, 3)],
  ["5.3.1", "PRIORITY that depends on itself", PROTOCOL, rawFrame(2, 0, 1, `${uint32(1)}\u0001`)],
  [
    "5.5",
    "an unknown type within a block",
    PROTOCOL,
    fragment(1, getBlock(), true),
    rawFrame(0x16, 0, 0),
  ],
];

/** RFC 9113 section 8, in so far as it is about more than one block. */
export const MESSAGE_CASES: readonly ConformanceCase[] = [
  [
    "8.1",
    "trailers",
    "answered",
    headers(1, POST, false),
    data(1, "x"),
    headers(1, fieldBlock("x-t", "1")),
  ],
  [
    "8.1",
    "trailers that do not end the message",
    "stream PROTOCOL_ERROR",
    headers(1, POST, false),
    headers(1, fieldBlock("x-t", "1"), false),
  ],
  [
    "8.1",
    "trailers with a pseudo-field",
    "stream PROTOCOL_ERROR",
    headers(1, POST, false),
    headers(1, requestBlock("GET", "http", "a", "/")),
  ],
  [
    "8.1.1",
    "content-length, and more",
    "stream PROTOCOL_ERROR",
    headers(1, POST + fieldBlock("content-length", "1"), false),
    data(1, "xx", true),
  ],
  [
    "8.1.1",
    "content-length, and less",
    "stream PROTOCOL_ERROR",
    headers(1, POST + fieldBlock("content-length", "3"), false),
    data(1, "x"),
    data(1, "x", true),
  ],
  [
    "8.1.1",
    "content-length, and trailers too soon",
    "stream PROTOCOL_ERROR",
    headers(1, POST + fieldBlock("content-length", "3"), false),
    data(1, "x"),
    headers(1, fieldBlock("x-t", "1")),
  ],
  [
    "8.1.1",
    "content-length, and no body",
    "stream PROTOCOL_ERROR",
    headers(1, POST + fieldBlock("content-length", "3")),
  ],
  [
    "8.1.1",
    "content-length in several frames",
    "answered",
    headers(1, POST + fieldBlock("content-length", "3"), false),
    data(1, "x"),
    data(1, "xx", true),
  ],
  [
    "8.2.1",
    "a field name in upper case",
    "stream PROTOCOL_ERROR",
    headers(1, `${getBlock()}\0\u0001X\u00011`),
  ],
  [
    "8.2.2",
    "a field of a connection",
    "stream PROTOCOL_ERROR",
    headers(1, getBlock([["connection", "close"]])),
  ],
  [
    "8.3",
    "a pseudo-field behind a field",
    "stream PROTOCOL_ERROR",
    headers(1, fieldBlock("x", "1") + getBlock()),
  ],
  ["8.3.1", "no :path", "stream PROTOCOL_ERROR", headers(1, "\u0082\u0086")],
  [
    "8.4",
    "PUSH_PROMISE that a server would send",
    PROTOCOL,
    rawFrame(FrameType.pushPromise, WHOLE, 0, uint32(2)),
  ],
];
