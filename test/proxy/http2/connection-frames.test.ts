import { describe, expect, test } from "vitest";
import { FrameType } from "../../../proxy/http2/frames.ts";
import { SETTINGS_BYTES_MAX } from "../../../proxy/http2/limits.ts";
import { CodecBed } from "./codec-bed.ts";
import { SETTINGS_ACK_FRAME, goAway, headers, ping, rawFrame, settings } from "./raw-frames.ts";

/*
 * Goal: frames of the connection itself do what they say, and nothing that they must not. Method: a
 * connection without a socket; its answers in words.
 */

const LAST = "goAway 2147483647 NO_ERROR";
const many = Array.from({ length: SETTINGS_BYTES_MAX / 6 + 1 }, () => [3, 5] as const);

describe("ConnectionFrames", () => {
  test.each([
    ["SETTINGS of a stream", rawFrame(FrameType.settings, 0, 1), "h2-frame-unexpected"],
    [
      "an acknowledgement that says something",
      rawFrame(FrameType.settings, 1, 0, "abcdef"),
      "h2-frame-size",
    ],
    ["SETTINGS without end", settings(...many), "h2-settings-flood"],
    ["PING of a stream", rawFrame(FrameType.ping, 0, 1, "12345678"), "h2-frame-unexpected"],
    ["a short PING", ping("1234567"), "h2-frame-size"],
    ["GOAWAY of a stream", rawFrame(FrameType.goAway, 0, 1, "12345678"), "h2-frame-unexpected"],
    ["a short GOAWAY", rawFrame(FrameType.goAway, 0, 0, "1234"), "h2-frame-size"],
  ])("ends the connection for %s", (_, frame, reason) => {
    const bed = CodecBed.begun("server", SETTINGS_ACK_FRAME).send(frame);
    expect([bed.rejected, bed.connection.lost]).toEqual([[reason], true]);
  });

  test("answers each PING with what it says, and no answer to one", () => {
    const bed = CodecBed.begun().send(ping("abcdefgh"), ping("12345678", 1));
    expect(bed.said()).toEqual(["ping ack"]);
  });

  test("asks one PING at a time whether the peer is there", () => {
    const bed = CodecBed.begun("client");
    expect([bed.connection.ping(), bed.connection.ping()]).toEqual([true, false]);
    expect(bed.turn().said()).toEqual(["ping"]);
    expect(bed.connection.pingPendingSinceMs).toBeGreaterThan(0);
    bed.send(ping("sluice-2", 1));
    expect(bed.heard).not.toContain("pong");
    bed.send(ping("sluice-1", 1));
    expect([bed.heard.at(-1), bed.connection.pingPendingSinceMs]).toEqual(["pong", 0]);
    expect(bed.connection.ping()).toBe(true);
  });

  test("takes streams between its two GOAWAYs, and none behind the second", () => {
    const bed = CodecBed.begun();
    bed.connection.leave();
    bed.connection.leave();
    expect(bed.turn().said()).toEqual([LAST, "ping"]);
    expect(bed.send(headers(1)).said()).toEqual(["headers 1 end"]);
    expect(bed.send(ping("sluice-2", 1)).said()).toEqual(["goAway 1 NO_ERROR"]);
    bed.connection.finishLeaving();
    expect(bed.send(headers(3)).said()).toEqual([]);
    expect(bed.counts.goAwaysSent).toBe(1);
  });

  test("gives up who does not acknowledge our SETTINGS in time", () => {
    const bed = CodecBed.begun();
    expect(bed.wait(9).rejected).toEqual([]);
    expect(bed.wait(2).rejected).toEqual(["h2-settings-timeout"]);
    const other = CodecBed.begun("server", SETTINGS_ACK_FRAME);
    expect(other.wait(20).rejected).toEqual([]);
  });

  test("says which streams the peer will not answer, once it goes", () => {
    const bed = CodecBed.begun("client").send(goAway(0));
    expect(bed.heard.slice(-1)).toEqual(["goAway 0 0"]);
    expect([bed.connection.peerLeaves, bed.connection.usable]).toEqual([true, false]);
    expect(bed.counts.goAwaysReceived).toBe(1);
  });
});
