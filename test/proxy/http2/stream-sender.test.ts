import { describe, expect, test } from "vitest";
import { fieldBlock, requestBlock, statusBlock } from "../../../proxy/http2/encode-head.ts";
import type { Http2State } from "../../../proxy/http2/connection.ts";
import type { BulkSource } from "../../../proxy/http2/frame-sink.ts";
import { CONNECTION_WINDOW_BYTES, STREAMS_MAX } from "../../../proxy/http2/limits.ts";
import type { Http2Stream } from "../../../proxy/http2/stream.ts";
import { CodecBed } from "./codec-bed.ts";
import { data, headers, padded, rawFrame, reset, settings, windowUpdate } from "./raw-frames.ts";

const POST = requestBlock("POST", "http", "a.example", "/");
const OK = statusBlock(200);
const BULK = Buffer.alloc(40_000, "b");

/** A source that says when it was asked to keep a chunk. */
class KeepingSource implements BulkSource {
  kept = 0;
  released = 0;
  keep(bytes: Buffer, start: number, end: number): Buffer {
    this.kept += 1;
    return bytes.subarray(start, end);
  }
  releaseBuffer(): void {
    this.released += 1;
  }
}

/** A server with one stream whose head is out, after these frames of the peer. */
function answering(...frames: readonly Buffer[]): { bed: CodecBed; stream: Http2Stream } {
  const bed = CodecBed.begun("server", ...frames);
  bed.answers = false;
  bed.send(headers(1));
  const stream = bed.streams[0]?.stream;
  if (stream === undefined) throw new Error("Cannot answer: wanted a stream, found none");
  stream.sendHead(OK, false);
  bed.turn().said();
  return { bed, stream };
}

describe("What is sent", () => {
  test("stays within a stream's window, and goes on when that opens", () => {
    const { bed, stream } = answering(settings([4, 3]));
    stream.send("abcdefg", true);
    expect(bed.turn().said()).toEqual(["data 1 3"]);
    expect(bed.send(windowUpdate(1, 2)).said()).toEqual(["data 1 2"]);
    expect(bed.send(windowUpdate(1, 9)).said()).toEqual(["data 1 2 end"]);
  });

  test("stays within windows that the peer has made smaller than nothing", () => {
    const { bed, stream } = answering(settings([4, 3]));
    stream.send("abcdefg", true);
    bed.turn().said();
    expect(bed.send(settings([4, 0])).said()).toEqual(["settings ack"]);
    expect(bed.send(windowUpdate(1, 3)).said()).toEqual([]);
    expect(bed.send(settings([4, 1])).said()).toEqual(["settings ack", "data 1 1"]);
    expect(bed.send(settings([4, 100])).said()).toContain("data 1 3 end");
  });

  test("stays within the connection's window, given out in the order of asking", () => {
    const { bed, stream } = answering(settings([4, 1_000_000]));
    bed.send(headers(3));
    const other = bed.streams[1]?.stream;
    stream.send("a".repeat(65_000), true);
    other?.sendHead(OK, false);
    other?.send("b".repeat(1000), true);
    expect(bed.turn().said().slice(-2)).toEqual(["headers 3", "data 3 535"]);
    expect(bed.send(windowUpdate(0, 1)).said()).toEqual(["data 3 1"]);
    expect(bed.send(windowUpdate(0, 500)).said()).toEqual(["data 3 464 end"]);
  });

  test("sends heads and ends of messages whatever the windows are", () => {
    const { bed, stream } = answering(settings([4, 0]));
    stream.end();
    expect(bed.turn().said()).toEqual(["data 1 0 end"]);
  });

  test("keeps trailers until all that is before them is out", () => {
    const { bed, stream } = answering(settings([4, 1]));
    stream.send("ab", false);
    stream.end(fieldBlock("grpc-status", "0"));
    expect(bed.turn().said()).toEqual(["data 1 1"]);
    expect(bed.send(windowUpdate(1, 1)).said()).toEqual(["data 1 1", "headers 1 end"]);
  });

  test("comes in frames as large as the peer takes them", () => {
    const { bed, stream } = answering(settings([4, 1_000_000], [5, 20_000]));
    stream.send("a".repeat(45_000), true);
    expect(bed.turn().said()).toEqual(["data 1 20000", "data 1 20000", "data 1 5000 end"]);
  });

  test("says since when it waits for the peer", () => {
    const { bed, stream } = answering(settings([4, 1]));
    expect(stream.waitingSinceMs).toBe(0);
    stream.send("abc", true);
    bed.turn();
    expect(stream.waitingSinceMs).toBe(1000);
    bed.wait(2).send(windowUpdate(1, 1));
    expect([stream.waitingSinceMs, stream.pendingBytes]).toEqual([3000, 1]);
    bed.send(windowUpdate(1, 1));
    expect(stream.pendingBytes).toBe(0);
  });
});

describe("Bulk", () => {
  test("goes out at once, without a copy, with heads and chunks in one write", () => {
    const { bed, stream } = answering(settings([4, 1_000_000]));
    const source = new KeepingSource();
    const { writes } = bed.sink;
    stream.relay(source, BULK, 0, BULK.length, true);
    expect(bed.said()).toEqual(["data 1 16384", "data 1 16384", "data 1 7232 end"]);
    expect([source.kept, bed.sink.writes]).toEqual([1, writes + 1]);
  });

  test("goes out behind what waits for the end of the turn", () => {
    const { bed, stream } = answering(settings([4, 1_000_000]));
    stream.send("abc", false);
    stream.relay(new KeepingSource(), BULK, 0, 5000, false);
    expect(bed.said()).toEqual(["data 1 3", "data 1 5000"]);
  });

  test("goes out as far as windows go, and the rest as they open", () => {
    const { bed, stream } = answering(settings([4, 10_000]));
    stream.relay(new KeepingSource(), BULK, 0, BULK.length, true);
    expect(bed.said()).toEqual(["data 1 10000"]);
    expect(stream.blocked).toBe(true);
    bed.send(windowUpdate(1, 20_000));
    // Its source has not been told to go on.
    expect([stream.blocked, bed.streams[0]?.heard]).toEqual([true, []]);
    bed.send(windowUpdate(1, 20_000));
    expect(bed.said()).toEqual(["data 1 16384", "data 1 3616", "data 1 10000 end"]);
  });

  test("that is small is copied, so that its source may read on", () => {
    const { bed, stream } = answering();
    const source = new KeepingSource();
    stream.relay(source, BULK, 0, 100, true);
    expect([source.kept, source.released]).toEqual([0, 1]);
    expect(bed.turn().said()).toEqual(["data 1 100 end"]);
  });
});

describe("A peer that does not read", () => {
  test("gets nothing more until it does, and sources are told", () => {
    const { bed, stream } = answering();
    bed.sink.blocked = true;
    expect(stream.blocked).toBe(true);
    stream.send("abc", false);
    stream.relay(new KeepingSource(), BULK, 0, 5000, true);
    expect(bed.turn().said()).toEqual([]);
    bed.sink.blocked = false;
    bed.connection.onFlushed();
    expect(bed.said()).toEqual(["data 1 5003 end"]);
  });

  test("has its streams' owners told when it reads again", () => {
    const { bed, stream } = answering();
    bed.sink.blocked = true;
    expect(stream.blocked).toBe(true);
    bed.sink.blocked = false;
    bed.connection.onFlushed();
    expect(bed.streams[0]?.heard).toEqual(["unblocked"]);
    bed.connection.onFlushed();
    expect(bed.streams[0]?.heard).toEqual(["unblocked"]);
  });
});

/** A server whose client has filled the windows of these streams with what nobody uses. */
function filled(streams: number): CodecBed {
  const bed = CodecBed.begun();
  for (let at = 0; at < streams; at += 1) {
    bed.send(headers(2 * at + 1, POST, false));
    const kept = bed.streams.at(-1);
    if (kept !== undefined) kept.consumes = false;
    bed.send(...WINDOWFUL(2 * at + 1));
  }
  return bed;
}

const PIECE = "x".repeat(16_384);
const WINDOWFUL = (id: number): Buffer[] => Array.from({ length: 4 }, () => data(id, PIECE));

/** A connection's window that lacks nothing, given back or not. */
function expectWhole(bed: CodecBed): void {
  const { left, owed } = bed.connection.state()?.receiveWindow ?? { left: 0, owed: 0 };
  expect(left + owed).toBe(CONNECTION_WINDOW_BYTES);
}

describe("What may come", () => {
  test("is given back when it is used, by halves of a window, which becomes wide", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    expect(bed.send(data(1, PIECE)).said()).toEqual([]);
    expect(bed.send(data(1, PIECE)).said()).toEqual([`windowUpdate 1 ${32_768 + 196_608}`]);
    for (let at = 0; at < 7; at += 1) bed.send(data(1, PIECE));
    expect(bed.said()).toEqual([]);
    expect(bed.send(data(1, PIECE)).said()).toEqual(["windowUpdate 1 131072"]);
    expectWhole(bed.send(data(1, "", true)));
  });

  test("is not given back as long as nobody uses it", () => {
    const bed = filled(1);
    expect(bed.said()).toEqual([]);
    expect(bed.send(data(1, "x")).said()).toEqual(["reset 1 FLOW_CONTROL_ERROR"]);
    expect(bed.rejected).toEqual(["h2-window-exceeded"]);
    expectWhole(bed);
  });

  test("on a stream does not depend on how many others are full", () => {
    const bed = filled(STREAMS_MAX - 1);
    const id = 2 * STREAMS_MAX - 1;
    bed.send(headers(id, POST, false));
    for (let at = 0; at < 20; at += 1) bed.send(...WINDOWFUL(id));
    expect(bed.rejected).toEqual([]);
    expect(bed.streams.at(-1)?.body).toHaveLength(20 * 65_536);
  });

  test("may be much on few streams, and as before when those have ended", () => {
    const bed = CodecBed.begun();
    const widened = (id: number): boolean => {
      bed.send(headers(id, POST, false), data(id, PIECE), data(id, PIECE));
      return bed.said().includes(`windowUpdate ${id} 229376`);
    };
    expect([1, 3, 5, 7, 9, 11, 13].map(widened)).toEqual([
      ...Array<boolean>(5).fill(true),
      ...Array<boolean>(2).fill(false),
    ]);
    bed.send(reset(1), data(11, "", true));
    expect([15, 17].map(widened)).toEqual([true, false]);
  });

  test("of streams that are closed counts for the connection, and is given back at once", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    bed.streams[0]?.stream?.reset(8);
    bed.streams[0]?.stream?.release();
    bed.turn().said();
    for (let at = 0; at < 100; at += 1) bed.send(data(1, PIECE));
    expectWhole(bed);
  });

  test("is given back for the connection when a stream ends with bytes that nobody used", () => {
    const bed = filled(9);
    for (let id = 1; id < 18; id += 2) bed.send(reset(id));
    expect(bed.rejected).toEqual([]);
    expectWhole(bed);
  });

  test("on the connection is said anew to whom another process gave less", () => {
    const state = CodecBed.begun().connection.state() as Http2State;
    const to = new CodecBed("server");
    to.connection.restore({ ...state, receiveWindow: { left: 1_000_000, owed: 9 } });
    to.connection.begin();
    expect(to.turn().said()).toEqual([`windowUpdate 0 ${CONNECTION_WINDOW_BYTES - 1_000_000}`]);
  });

  test("includes padding", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    for (let at = 0; at < 12; at += 1) bed.send(rawFrame(0, 8, 1, `\u00ff${"x".repeat(16_000)}`));
    expect(bed.streams[0]?.body).toHaveLength(12 * (16_000 - 255));
    expect(bed.said()).toEqual(["windowUpdate 1 244611", "windowUpdate 1 144009"]);
    expect(bed.send(padded(0, 1, "", 5)).rejected).toEqual([]);
  });
});
