import { describe, expect, test } from "vitest";
import { fieldBlock, requestBlock } from "../../../proxy/http2/encode-head.ts";
import { FrameType } from "../../../proxy/http2/frames.ts";
import { CodecBed } from "./codec-bed.ts";
import { data, getBlock, headers, padded, rawFrame, reset, windowUpdate } from "./raw-frames.ts";

/*
 * Goal: frames of a stream reach its owner, and what breaks a rule ends the stream, or where all of
 * them would suffer the connection. Method: as connection-frames.test.ts.
 */

const POST = requestBlock("POST", "http", "a.example", "/");

/** A server with stream 1 open, whose request goes on. */
function open(...more: readonly Buffer[]): CodecBed {
  const bed = CodecBed.begun("server", headers(1, POST, false));
  bed.said();
  return bed.send(...more);
}

describe("StreamFrames", () => {
  test("bring a body in whatever pieces, without its padding", () => {
    const bed = open(data(1, "one "), padded(FrameType.data, 1, "two", 3));
    expect([bed.streams[0]?.body, bed.streams[0]?.heard]).toEqual(["one two", ["end"]]);
  });

  test.each([
    ["DATA of a stream that never was", data(3, "a"), "h2-frame-unexpected"],
    ["RST_STREAM of a stream that never was", reset(3), "h2-frame-unexpected"],
    ["a short RST_STREAM", rawFrame(FrameType.reset, 0, 1, "abc"), "h2-frame-size"],
    ["WINDOW_UPDATE of a stream that never was", windowUpdate(3, 1), "h2-frame-unexpected"],
    ["a short WINDOW_UPDATE", rawFrame(FrameType.windowUpdate, 0, 1, "abc"), "h2-frame-size"],
    ["a connection's window that is opened by nothing", windowUpdate(0, 0), "h2-window-unchanged"],
    ["a connection's window that is too wide", windowUpdate(0, 2 ** 31 - 1), "h2-window-overflow"],
    [
      "PRIORITY of no stream",
      rawFrame(FrameType.priority, 0, 0, "\0\0\0\u0001\0"),
      "h2-frame-unexpected",
    ],
    ["a short PRIORITY", rawFrame(FrameType.priority, 0, 1, "abcd"), "h2-frame-size"],
    [
      "a stream that waits for itself",
      rawFrame(FrameType.priority, 0, 1, "\0\0\0\u0001\0"),
      "h2-stream-depends-on-itself",
    ],
  ])("end the connection for %s", (_, frame, reason) => {
    const bed = open(frame);
    expect([bed.rejected, bed.connection.lost]).toEqual([[reason], true]);
  });

  test.each([
    [
      "a window that is opened by nothing",
      windowUpdate(1, 0),
      "h2-window-unchanged",
      "PROTOCOL_ERROR",
    ],
    [
      "a window that is too wide",
      windowUpdate(1, 2 ** 31 - 1),
      "h2-window-overflow",
      "FLOW_CONTROL_ERROR",
    ],
  ])("end the stream alone for %s", (_, frame, reason, code) => {
    const bed = open(frame);
    expect([bed.rejected, bed.said(), bed.connection.lost]).toEqual([
      [reason],
      [`reset 1 ${code}`],
      false,
    ]);
    expect(bed.send(headers(3)).said()).toEqual(["headers 3 end"]);
  });

  test("tell of a reset by the peer, and count it", () => {
    const bed = open(reset(1, 8));
    expect([bed.streams[0]?.heard, bed.counts.resetsReceived]).toEqual([["reset 8 by peer"], 1]);
    expect([bed.said(), bed.connection.streams]).toEqual([[], 0]);
  });

  test("take what still comes of a stream that we have reset, and of no other", () => {
    const bed = open();
    bed.streams[0]?.stream?.reset(8);
    expect(bed.turn().said()).toEqual(["reset 1 CANCEL"]);
    expect([bed.send(data(1, "late")).said(), bed.rejected]).toEqual([[], []]);
    bed.send(headers(3, getBlock()));
    bed.said();
    expect(bed.send(data(3, "late")).said()).toEqual(["reset 3 STREAM_CLOSED"]);
    expect(bed.rejected).toEqual(["h2-stream-closed"]);
  });

  test.each([
    ["DATA", data(1, "late"), "reset 1 STREAM_CLOSED", false],
    ["a head", headers(1, getBlock()), "goAway 1 STREAM_CLOSED", true],
  ])("refuse %s of a stream that both sides have reset", (_, late, said, isLost) => {
    const bed = open();
    bed.streams[0]?.stream?.reset(8);
    bed.send(reset(1));
    bed.said();
    expect([bed.send(late).said(), bed.connection.lost]).toEqual([[said], isLost]);
    expect(bed.rejected).toEqual(["h2-stream-closed"]);
  });

  test("end a stream whose body is longer than its head says, or shorter", () => {
    const block = POST + fieldBlock("content-length", "2");
    const bed = CodecBed.begun().send(headers(1, block, false), data(1, "abc"));
    expect(bed.said()).toEqual(["reset 1 PROTOCOL_ERROR"]);
    bed.send(headers(3, block, false), data(3, "a", true));
    expect(bed.said()).toEqual(["reset 3 PROTOCOL_ERROR"]);
    expect(bed.rejected).toEqual(["h2-content-length", "h2-content-length"]);
  });
});
