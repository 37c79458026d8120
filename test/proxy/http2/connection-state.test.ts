import { describe, expect, test } from "vitest";
import { requestBlock } from "../../../proxy/http2/encode-head.ts";
import { CodecBed } from "./codec-bed.ts";
import { data, fragment, getBlock, headers, settings, windowUpdate } from "./raw-frames.ts";

const POST = requestBlock("POST", "http", "a.example", "/");
/** Into the table, and from it. */
const KEPT = "\u0040\u0001x\u00011";
const FROM_TABLE = "\u00be";

/** Goes on in another process with what this one gives away. */
function handedOver(from: CodecBed): CodecBed {
  const state = from.connection.state();
  expect(state).toBeDefined();
  const to = new CodecBed("server");
  to.connection.restore(JSON.parse(JSON.stringify(state)));
  to.connection.begin();
  return to.turn();
}

describe("A connection that goes to another process", () => {
  test("goes on with table, windows, settings and streams as they were", () => {
    const from = CodecBed.begun("server", settings([4, 7], [3, 5]), windowUpdate(0, 1000));
    from.send(headers(1, getBlock() + KEPT), headers(3, POST, false));
    from.send(...Array.from({ length: 9 }, () => data(3, "x".repeat(16_000))), data(3, "", true));
    const to = handedOver(from);
    expect(to.said()).toEqual([]);
    to.onStream = ((onStream) => (stream, request, isEnd) => {
      to.heard.push(request.list.lines.trim());
      return onStream(stream, request, isEnd);
    })(to.onStream.bind(to));
    expect(to.send(headers(5, getBlock() + FROM_TABLE)).said()).toEqual(["headers 5 end"]);
    expect(to.heard).toEqual(["x: 1", "GET a.example/", "idle"]);
    expect([to.connection.peer.initialWindowBytes, to.connection.peer.known]).toEqual([7, true]);
    expect(to.send(headers(3)).said()).toEqual(["goAway 5 STREAM_CLOSED"]);
  });

  test("remembers what was reset, so that what still comes of it is no offence", () => {
    const from = CodecBed.begun("server");
    from.answers = false;
    from.send(headers(1, POST, false));
    from.streams[0]?.stream?.sendHead("\u0088", true);
    from.streams[0]?.stream?.release();
    expect(from.turn().said()).toEqual(["headers 1 end", "reset 1 NO_ERROR"]);
    const to = handedOver(from);
    expect([to.send(data(1, "abc", true)).said(), to.rejected]).toEqual([[], []]);
    expect(to.send(data(3, "abc")).said()).toEqual(["goAway 1 PROTOCOL_ERROR"]);
  });

  test("takes along what was read of it, from its next stream on", () => {
    const from = CodecBed.begun("server", headers(1, POST, false));
    from.connection.holdStreams();
    const late = headers(5, getBlock() + KEPT);
    from.send(data(1, "abc"), headers(3).subarray(0, 4));
    expect([from.sink.isPaused, from.connection.state()]).toEqual([false, undefined]);
    from.send(headers(3).subarray(4), late.subarray(0, 20));
    expect(from.sink.isPaused).toBe(true);
    from.send(late.subarray(20, 25));
    const [kept] = from.streams;
    kept?.stream?.sendHead("\u0088", true);
    kept?.stream?.release();
    from.turn();
    expect(from.heard.slice(-1)).toEqual(["idle"]);
    const to = handedOver(from);
    expect(to.said()).toEqual(["headers 3 end"]);
    expect(to.send(late.subarray(25)).said()).toEqual(["headers 5 end"]);
  });

  test("stays when that takes too long", () => {
    const bed = CodecBed.begun("server", headers(1, POST, false));
    bed.connection.holdStreams();
    bed.send(headers(3), data(1, "abc", true));
    expect([bed.sink.isPaused, bed.said()]).toEqual([true, []]);
    bed.connection.releaseStreams();
    expect([bed.sink.isPaused, bed.turn().said()]).toEqual([
      false,
      ["headers 3 end", "headers 1 end"],
    ]);
  });

  test.each([
    ["streams are open", [headers(1, POST, false)]],
    ["a block is half read", [fragment(1, getBlock(), true)]],
  ])("has no state while %s", (_, frames) => {
    expect(CodecBed.begun("server", ...frames).connection.state()).toBeUndefined();
  });

  test("has no state before its peer begins, while something is unwritten, when it leaves", () => {
    const begun = new CodecBed("server");
    begun.connection.begin();
    expect(begun.turn().connection.state()).toBeUndefined();
    const unwritten = CodecBed.begun();
    unwritten.sink.blocked = true;
    unwritten.send(headers(1));
    expect(unwritten.connection.state()).toBeUndefined();
    const leaving = CodecBed.begun();
    leaving.connection.leave();
    expect(leaving.turn().connection.state()).toBeUndefined();
  });
});
